// What the glossary says of a term, shown at the term: on hover, on focus, and on the first tap; a second tap
// and Enter follow the link to the entry. Escape hides it, and it stays while the pointer is over it.
import {make, pageData} from "./page.js";

const AWAY = 120; // milliseconds to get from the term to its tooltip
const GAP = 6;
const MARGIN = 8;

let open = null;
let leaving = 0;

/** Give every marked term of the page its tooltip. */
export function startTooltips() {
  const {languages, terms} = pageData("mm-glosses");
  const layer = make("div", {class: "mm-tips"});
  document.querySelector("main").append(layer);
  const tips = new Map();
  for (const [id, {definition, terms: others}] of Object.entries(terms)) {
    const words = Object.entries(others).map(([lang, name]) =>
      make("p", {class: "mm-tip__other"}, `${languages[lang]}: `, make("strong", {lang}, name)),
    );
    const tip = make("div", {class: "mm-tip", role: "tooltip", id: `mm-tip-${id}`, hidden: true}, make("p", {}, definition), ...words);
    tip.addEventListener("pointerenter", () => clearTimeout(leaving));
    tip.addEventListener("pointerleave", leave);
    tips.set(id, tip);
    layer.append(tip);
  }
  for (const link of document.querySelectorAll("[data-mm-gloss]")) prepare(link, tips.get(link.dataset.mmGloss));
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    hide();
  }, true);
  addEventListener("pointerdown", ({target}) => {
    if (open && !open.tip.contains(target) && !open.link.contains(target)) hide();
  });
  addEventListener("resize", hide);
}

function prepare(link, tip) {
  if (!tip) return;
  let touched = false;
  link.setAttribute("aria-describedby", tip.id);
  link.addEventListener("pointerenter", (event) => event.pointerType !== "touch" && show(link, tip));
  link.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && leave());
  link.addEventListener("pointerdown", (event) => {
    touched = event.pointerType === "touch" && open?.link !== link;
  });
  link.addEventListener("focus", () => show(link, tip));
  link.addEventListener("blur", hide);
  link.addEventListener("click", (event) => {
    if (touched) event.preventDefault();
    if (touched) show(link, tip);
    touched = false;
  });
}

function show(link, tip) {
  clearTimeout(leaving);
  if (open?.link === link) return;
  hide();
  open = {link, tip};
  tip.hidden = false;
  place(link, tip);
}

function hide() {
  clearTimeout(leaving);
  if (open) open.tip.hidden = true;
  open = null;
}

function leave() {
  clearTimeout(leaving);
  leaving = setTimeout(() => {
    if (open && open.link !== document.activeElement) hide();
  }, AWAY);
}

/** Put a tooltip under its term, or above where there is no room, within the window. */
function place(link, tip) {
  const [line] = link.getClientRects();
  const {width, height} = tip.getBoundingClientRect();
  const below = link.getClientRects()[link.getClientRects().length - 1].bottom + GAP;
  const top = below + height > innerHeight - MARGIN && line.top - GAP - height > MARGIN ? line.top - GAP - height : below;
  const left = Math.max(MARGIN, Math.min(line.left, document.documentElement.clientWidth - width - MARGIN));
  const origin = tip.offsetParent.getBoundingClientRect();
  tip.style.left = `${left - origin.left}px`;
  tip.style.top = `${top - origin.top}px`;
}
