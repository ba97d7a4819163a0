"use strict";
// Keeps what the desk knows of the page that a customer wants help with (E4). That page has opened this window by help.js;
// it is asked every few seconds where it is, since the customer may go on in it. What it says goes into the form before the
// customer comes in, and to the session (data-session of this script) from then on.
{
	const session = document.currentScript.dataset.session;
	const site = window.opener;
	const every = 3000; // ms
	let known = "", sending = false, asking;

	// inside says whether there is somebody whose page it is. Who has left can come back, which shows in the live page's stream.
	const inside = () => !session || document.querySelector("#session[data-stream]");

	const ask = () => site.postMessage({ repdesk: "where" }, "*"); // which page it is now, nobody here knows

	// read takes an answer apart; null: it is none that the desk would take.
	const read = (said) => {
		try {
			if (!/^https?:$/.test(new URL(said.url).protocol) || said.url.length > 2000) return null;
		} catch {
			return null;
		}
		const title = String(said.title ?? "").replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
		return { page_url: said.url, page_title: Array.from(title).slice(0, 500).join("") };
	};

	const fill = (page) => {
		for (const name of ["page_url", "page_title"]) {
			document.querySelector(`[name=${name}]`).value = page[name];
		}
		const line = document.querySelector("[data-page]");
		line.querySelector("[data-page-title]").textContent = page.page_title;
		line.querySelector("[data-page-url]").textContent = page.page_url;
		line.hidden = false;
	};

	// send tells the session. What did not arrive is told again with the next answer; a refusal is for good.
	const send = async (page, text) => {
		if (sending) return;
		sending = true;
		try {
			const answer = await fetch("/v1/guest/session?session_id=" + encodeURIComponent(session),
				{ method: "PATCH", headers: { "Content-Type": "application/json" }, body: text });
			if (answer.ok) known = text;
			else if (answer.status < 500 && answer.status !== 429) clearInterval(asking);
		} catch {
			// offline
		} finally {
			sending = false;
		}
	};

	if (site) {
		addEventListener("message", (event) => {
			if (event.source !== site || event.data?.repdesk !== "here" || !inside()) return;
			const page = read(event.data), text = JSON.stringify(page);
			if (!page || text === known) return;
			if (session) {
				send(page, text);
			} else {
				known = text;
				fill(page);
			}
		});
		asking = setInterval(ask, every);
		ask();
	}
}
