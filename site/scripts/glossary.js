// The glossary: filter as one types, in any language and without accents; order by either language. Both stand
// in the page's address, beside the anchor of an entry.
import {addressState, make, pageData, setAddressState} from "./page.js";
import {folded, speaker} from "./words.js";

export function startGlossary(root) {
  const find = (selector) => root.querySelector(selector);
  const form = find("form");
  const {q, from} = form.elements;
  const say = speaker(pageData("mm-glossary"));
  const home = from.value;
  const letters = find(".mm-letters ul");
  const nothing = find(".mm-nothing");
  const entries = [...root.querySelectorAll(".mm-entry")].map((element) => {
    const heading = element.querySelector("h3");
    const words = new Map([...heading.querySelectorAll("[lang]")].map((word) => [word.lang, word]));
    const also = element.querySelector(".mm-term__also");
    const text = (part) => folded(part?.textContent ?? "");
    return {element, heading, words, names: `${text(heading)} ${text(also)}`, all: text(element)};
  });
  let sections = [...root.querySelectorAll(".mm-letter")];

  const state = addressState();
  q.value = state.get("q") ?? "";
  if ([...from].some((choice) => choice.value === state.get("from"))) from.value = state.get("from");
  if (from.value !== home) reorder();
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", ({target}) => {
    if (target !== q) reorder();
    update();
    writeAddress();
  });
  nothing.querySelector("button").addEventListener("click", showAll);
  addEventListener("hashchange", showTarget);
  for (const index of root.querySelectorAll(".mm-index")) index.hidden = true;
  form.hidden = false;
  update();
  if (q.value) showTarget();

  function writeAddress() {
    const now = new URLSearchParams();
    if (q.value.trim()) now.set("q", q.value.trim());
    if (from.value !== home) now.set("from", from.value);
    setAddressState(now);
  }

  function showAll() {
    q.value = "";
    update();
    writeAddress();
    q.focus();
  }

  /** Make sure that an entry that a link leads to is not filtered away. */
  function showTarget() {
    const entry = document.getElementById(location.hash.slice(1))?.closest(".mm-entry");
    if (!entry?.hidden) return;
    q.value = "";
    update();
    writeAddress();
    entry.scrollIntoView();
  }

  function update() {
    const asked = folded(q.value).split(/\s+/).filter(Boolean);
    const having = (key) => entries.filter((entry) => asked.every((word) => entry[key].includes(word)));
    let found = having("names");
    if (!found.length) found = having("all");
    const shown = new Set(found);
    for (const entry of entries) entry.element.hidden = !shown.has(entry);
    sections.forEach((section, place) => {
      section.hidden = !section.querySelector(".mm-entry:not([hidden])");
      letters.children[place].hidden = section.hidden;
    });
    nothing.hidden = found.length > 0;
    find(".mm-seek__count").textContent = say("count", {n: found.length});
  }

  /** Put the entries in the order of the chosen language, its words first. */
  function reorder() {
    const language = from.value;
    const word = (entry) => (entry.words.get(language) ?? entry.words.get(home)).textContent;
    const order = new Intl.Collator(language).compare;
    for (const entry of entries) {
      const first = entry.words.get(language);
      if (first) entry.heading.prepend(first, " ");
      for (const [lang, other] of entry.words) other.classList.toggle("mm-term__other", lang !== language);
    }
    entries.sort((a, b) => order(word(a), word(b)));
    for (const section of sections) section.remove();
    sections = [];
    let last = "";
    for (const entry of entries) {
      const letter = folded(word(entry))[0].toUpperCase();
      if (letter !== last) {
        const id = `letter-${sections.length + 1}`;
        sections.push(make("section", {class: "mm-letter"}, make("h2", {id}, letter)));
        last = letter;
      }
      sections.at(-1).append(entry.element);
    }
    letters.replaceChildren(
      ...sections.map((section) => {
        const {id, textContent} = section.firstChild;
        return make("li", {}, make("a", {href: `#${id}`}, textContent));
      }),
    );
    nothing.before(...sections);
  }
}
