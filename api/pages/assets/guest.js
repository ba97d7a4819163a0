// Keeps the live page of a session current. All that people read is made by the server: whatever the stream says, the page is
// asked for again, and what is new in it is put in. So nothing is missed and nothing is there twice, however often the
// connection is lost, and two tabs show the same.

const main = document.querySelector("main");
const session = () => document.getElementById("session");
const chat = () => document.querySelector("#chat ol");
const say = (text) => { document.getElementById("connection").textContent = text; };

// What the server said last of each part: only what it says otherwise is replaced, so that nothing is read out again, and
// what somebody has opened stays open.
const shown = new Map();
const parts = (page) => page.querySelectorAll("[data-part]");
const note = (page) => parts(page).forEach((part) => shown.set(part.dataset.part, part.innerHTML));

// show takes over what is new in a page that the server sent. Another page than that of the session, which says that one is not
// in it any more, takes its place.
function show(page) {
	const fresh = page.querySelector("#session");
	if (!fresh) {
		main.replaceChildren(...page.querySelector("main").childNodes);
		stop();
		return;
	}
	parts(fresh).forEach(replace);
	addMessages(fresh);
	if (fresh.dataset.stream) session().dataset.stream = fresh.dataset.stream;
	else delete session().dataset.stream;
	follow();
}

function replace(fresh) {
	const name = fresh.dataset.part, html = fresh.innerHTML;
	const part = session().querySelector(`[data-part="${name}"]`);
	const kept = "keep" in part.dataset && part.firstElementChild && fresh.firstElementChild; // somebody may be writing in it
	if (kept || shown.get(name) === html) return;
	shown.set(name, html);
	const focused = part.contains(document.activeElement);
	part.replaceChildren(...fresh.childNodes);
	if (focused) focusOn(part.querySelector("button, textarea, a") ?? session().querySelector("h1"));
}

function focusOn(element) {
	if (element.tagName === "H1") element.tabIndex = -1;
	element.focus();
}

function addMessages(fresh) {
	if ("past" in document.getElementById("chat").dataset) return; // an earlier part is shown, between which and the news there is more
	const news = [...fresh.querySelectorAll("#chat li")].filter((line) => !document.getElementById(line.id));
	news.forEach(tellTime);
	chat().append(...news);
	count(news.filter((line) => !line.classList.contains("mine")).length);
	if (news.some((line) => line.classList.contains("mine"))) document.getElementById("chat").scrollTop = 0; // its end: it runs upwards
	if (news.length && fresh.querySelector("#chat[data-more]")) again = true;
}

// tellTime says the time of a message by the clock of whoever reads it.
function tellTime(line) {
	const time = line.querySelector("time"), at = new Date(time.dateTime);
	const day = at.toDateString() === new Date().toDateString() ? {} : { dateStyle: "medium" };
	time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short", ...day }).format(at);
}

// The title counts what came while nobody looked.
const title = document.title;
let unread = 0;
function count(more) {
	unread = document.hidden ? unread + more : 0;
	document.title = unread ? `(${unread}) ${title}` : title;
}

// refresh asks for the page as it is now: once at a time, and once more if something happened meanwhile.
let asking = false, again = false, failed = 0;
async function refresh() {
	again = true;
	if (asking || !session()) return;
	asking = true;
	while (again && session()) {
		again = false;
		try {
			show(await ask(`${location.pathname}?after=${chat().lastElementChild?.id ?? ""}`));
			failed = 0;
		} catch {
			lost();
			setTimeout(refresh, Math.min(30, 2 ** ++failed) * 1000);
			break;
		}
	}
	asking = false;
}

// ask asks for a page. What says nothing of the session, as when there is no server or it has too much to do, is no answer. A form's
// good answer leads to a page, which is asked for after it.
async function ask(address, form) {
	const answer = await fetch(address, form && { method: "POST", body: form, redirect: "manual" });
	if (answer.type === "opaqueredirect") return null;
	if (answer.status === 429 || answer.status >= 500) throw new Error(`answered ${answer.status}`);
	return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// The stream tells that something has happened.
const happenings = ["session.changed", "place.changed", "attendee.joined", "attendee.changed", "attendee.left", "message.posted"];
let source = null, away = false, crowded = false;

function follow() {
	const address = session()?.dataset.stream;
	if (!address) stop();
	if (!address || source || crowded) return;
	source = new EventSource(address);
	for (const happening of happenings) source.addEventListener(happening, refresh);
	source.addEventListener("ready", () => { found(); refresh(); });
	source.addEventListener("reset", () => { stop(); follow(); }); // from where the stream was, it does not go on
	source.addEventListener("closing", (event) => {
		const why = JSON.parse(event.data);
		stop();
		crowded = why.reason === "replaced"; // by so many other tabs that this one looks by itself, now and then, until it is looked at
		if (crowded) lost();
		if (why.retry_after_seconds) later(why.retry_after_seconds);
		else refresh();
	});
	source.addEventListener("error", () => {
		lost();
		if (source.readyState === EventSource.CLOSED) { // refused: the page says why
			stop();
			later(5);
		}
	});
}

function stop() {
	source?.close();
	source = null;
}

function later(seconds) {
	lost();
	setTimeout(refresh, seconds * 1000); // which follows again, if there still is something to follow
}

function lost() {
	away = true;
	if (session()) say(session().dataset.lost);
}

function found() {
	if (away) {
		say(session().dataset.back);
		setTimeout(() => { if (!away && session()) say(""); }, 10_000);
	}
	away = false;
	document.getElementById("refresh").hidden = true;
}

// Forms are sent without leaving the page. What could not be sent stays, and can be sent again; a message's reference keeps it from
// being there twice.
const sending = new Set();
let unsent = null;
async function send(form, button) {
	if (sending.has(form)) return;
	sending.add(form);
	const fields = new URLSearchParams(new FormData(form)), text = form.elements.namedItem("text")?.value;
	if (button?.name) fields.append(button.name, button.value);
	unsent = null;
	try {
		const page = await ask(form.action, fields);
		if (page) correct(page);
		else sent(form, text);
	} catch {
		unsent = () => send(form, button);
	}
	document.getElementById("unsent")?.toggleAttribute("hidden", !unsent); // it is gone with the page, for who is not inside any more
	sending.delete(form);
}

// correct shows what the server has against a form.
function correct(page) {
	show(page);
	const box = document.getElementById("text"), wrong = page.getElementById("text")?.hasAttribute("aria-invalid");
	box?.toggleAttribute("aria-invalid", Boolean(wrong));
	if (wrong) box.focus();
}

function sent(form, text) {
	const box = form.elements.namedItem("text");
	if (box) {
		if (box.value.startsWith(text)) box.value = box.value.slice(text.length).trimStart(); // what was written since stays
		box.removeAttribute("aria-invalid");
		form.elements.namedItem("client_ref").value = [...crypto.getRandomValues(new Uint32Array(4))].join("-");
	}
	refresh();
}

document.addEventListener("submit", (event) => {
	if (!session()?.contains(event.target)) return;
	event.preventDefault();
	send(event.target, event.submitter);
});

document.addEventListener("click", (event) => {
	if (event.target.matches("#unsent button")) unsent?.();
	const link = event.target.closest("#earlier a");
	if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
	event.preventDefault();
	earlier(link);
});

// earlier puts the messages before those that are shown above them.
async function earlier(link) {
	try {
		const page = await ask(link.href), lines = [...page.querySelectorAll("#chat li")];
		lines.forEach(tellTime);
		chat().prepend(...lines.filter((line) => !document.getElementById(line.id)));
		document.getElementById("earlier").replaceChildren(...page.getElementById("earlier").childNodes);
		document.getElementById("chat").focus();
	} catch {
		location.assign(link.href);
	}
}

// With a keyboard, Enter sends and Shift+Enter begins a line. On a phone there is a button.
document.addEventListener("keydown", (event) => {
	const sends = event.target.id === "text" && event.key === "Enter" && !event.shiftKey && !event.isComposing;
	if (!sends || matchMedia("(pointer: coarse)").matches) return;
	event.preventDefault();
	event.target.form.requestSubmit();
});

// What sleeps, as a tab in the background or a phone in a pocket, may have lost its stream without noticing.
document.addEventListener("visibilitychange", () => {
	count(0);
	if (document.hidden) return;
	crowded = false;
	refresh();
});
addEventListener("online", () => { stop(); refresh(); });
setInterval(refresh, 60_000);

note(document);
document.querySelectorAll("#chat li").forEach(tellTime);
follow();
