"use strict";

// The server answers when there is something newer than the version asked for, or after a while without.
const list = document.getElementById("outbox");

// A card that has not changed stays: an email being read, or a text unfolded, is not taken away.
function show(fresh) {
  const cards = [...fresh.children].map((card) => {
    const shown = card.id && document.getElementById(card.id);
    return shown && shown.dataset.rev === card.dataset.rev ? shown : document.adoptNode(card);
  });
  for (const old of [...list.children]) if (!cards.includes(old)) old.remove();
  cards.forEach((card, place) => { if (list.children[place] !== card) list.insertBefore(card, list.children[place] || null); });
  list.dataset.version = fresh.dataset.version;
}

async function follow() {
  for (;;) {
    try {
      const answer = await fetch("/demo/outbox?after=" + list.dataset.version);
      if (!answer.ok) throw new Error(answer.status);
      show(new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("outbox"));
    } catch {
      await new Promise((again) => setTimeout(again, 2000));
    }
  }
}

follow();
