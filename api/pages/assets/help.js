"use strict";
// A help link on other people's pages: <script src="https://desk.example.com/assets/help.js" data-link="CODE" async></script>.
// What has the attribute data-repdesk-help opens the desk's page in a window; where nothing has, a button is added. That
// window asks where this page is, and is told its address and title: the desk and nobody else.
{
	const script = document.currentScript;
	const desk = new URL(script.src).origin;
	const { link = "", portal = "", label = "Help" } = script.dataset;
	const address = `${desk}/p/${encodeURIComponent(portal)}?link=${encodeURIComponent(link)}`;

	const open = () => {
		// By its name the window is found again from the site's next page, and is left where the customer is in it.
		const help = window.open("", "repdesk-help", "popup,width=440,height=760");
		if (!help) {
			location.assign(address); // windows are blocked: the help opens here
			return;
		}
		let fresh = false;
		try {
			fresh = help.location.href === "about:blank";
		} catch {
			// The desk is in it: what is of another origin cannot be read.
		}
		if (fresh) help.location.replace(address);
		help.focus();
	};

	const addButton = () => {
		const button = document.createElement("button");
		button.type = "button";
		button.textContent = label;
		if (!script.dataset.label) button.lang = "en";
		button.dataset.repdeskHelp = "";
		button.style.cssText = "position:fixed;right:16px;bottom:16px;z-index:2147483000;min-height:44px;min-width:44px;padding:8px 20px;" +
			"border:2px solid #fff;border-radius:24px;background:#0b57d0;color:#fff;font:600 16px/1.4 system-ui,sans-serif;cursor:pointer";
		document.body.append(button);
	};

	const ready = () => {
		if (!document.querySelector("[data-repdesk-help]")) addButton();
		document.addEventListener("click", (event) => {
			if (!event.target.closest?.("[data-repdesk-help]")) return;
			event.preventDefault();
			open();
		});
	};

	addEventListener("message", (event) => {
		if (event.origin !== desk || event.data?.repdesk !== "where") return;
		event.source.postMessage({ repdesk: "here", url: location.href, title: document.title }, desk);
	});
	if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
	else ready();
}
