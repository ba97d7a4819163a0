"use strict";
// The customers' entrance works without this. It takes what stands behind the # of an address, which reaches no server: the
// token of a session that was started for the customer, or a session key.
{
	const takeSecret = () => {
		const secret = location.hash.slice(1);
		if (secret.startsWith("rdg_")) {
			forget();
			open(secret);
		} else if (secret.startsWith("key=")) {
			fillKey(secret);
		}
	};

	// forget takes the secret out of the address bar and the history before anything else happens.
	const forget = () => history.replaceState(null, "", location.pathname + location.search);

	// open sends the token in a form's body: the desk answers with a cookie and the session's page.
	const open = (token) => {
		document.querySelector("main").replaceChildren(document.getElementById("opening").content.cloneNode(true));
		const form = document.createElement("form");
		form.method = "post";
		form.action = "/s";
		const field = document.createElement("input");
		field.type = "hidden";
		field.name = "token";
		field.value = token;
		form.append(field);
		document.body.append(form);
		form.submit();
	};

	// fillKey writes the key into its box. A portal without one has keys all the same: they are entered at /p/.
	const fillKey = (secret) => {
		const box = document.getElementById("code-code");
		if (!box) {
			if (location.pathname !== "/p/") location.replace("/p/#" + secret);
			return;
		}
		forget();
		box.value = decodeURIComponent(secret.slice("key=".length));
		const folded = box.closest("details");
		if (folded) folded.open = true;
		document.getElementById("code-name").focus();
	};

	// A form is sent once, however often its button is pressed; the page that the browser comes back to can send it again.
	const buttons = document.querySelectorAll("form button");
	addEventListener("submit", () => buttons.forEach((b) => { b.disabled = true; }));
	addEventListener("pageshow", () => buttons.forEach((b) => { b.disabled = false; }));

	addEventListener("hashchange", takeSecret);
	takeSecret();
}
