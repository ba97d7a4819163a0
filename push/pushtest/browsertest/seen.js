(() => {
  "use strict";
  const parse = (colour) => {
    const n = (colour.match(/[\d.]+/g) || []).map(Number);
    return { r: n[0], g: n[1], b: n[2], a: n.length > 3 ? n[3] : 1 };
  };
  const over = (top, below) => ({
    r: top.r * top.a + below.r * (1 - top.a),
    g: top.g * top.a + below.g * (1 - top.a),
    b: top.b * top.a + below.b * (1 - top.a),
    a: 1,
  });
  // The ground of a page without one is the system's, which follows the colour scheme.
  const probe = document.createElement("div");
  probe.style.background = "Canvas";
  document.body.append(probe);
  const canvas = parse(getComputedStyle(probe).backgroundColor);
  probe.remove();
  const ground = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), canvas);
  };
  const part = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = (c) => 0.2126 * part(c.r) + 0.7152 * part(c.g) + 0.0722 * part(c.b);
  const contrast = (a, b) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const label = (text) => text.replace(/\s+/g, " ").trim();
  const visible = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });

  const faint = [], wide = [], buttons = [];
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = label(node.data), element = node.parentElement;
    if (!text || !visible(element) || /^(STYLE|SCRIPT)$/.test(element.tagName)) continue;
    texts++;
    const below = ground(element), ratio = contrast(over(parse(getComputedStyle(element).color), below), below);
    if (ratio < 4.5) faint.push(text + ": " + ratio.toFixed(2));
    const range = document.createRange();
    range.selectNodeContents(node);
    if (range.getBoundingClientRect().right > innerWidth + 0.5) wide.push(text);
  }
  for (const element of document.body.querySelectorAll("*")) {
    if (!visible(element)) continue;
    const box = element.getBoundingClientRect();
    if (box.right > innerWidth + 0.5) wide.push(element.tagName);
    const pressed = element.tagName === "BUTTON" || (element.tagName === "A" && getComputedStyle(element).display !== "inline");
    if (pressed) buttons.push({ label: label(element.textContent), width: box.width, height: box.height });
  }
  if (document.documentElement.scrollWidth > innerWidth) wide.push("the page: " + document.documentElement.scrollWidth);
  return { lang: document.documentElement.lang, text: document.body.innerText, wide, faint, texts, buttons };
})()
