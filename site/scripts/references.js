// The references: filter as one types and by kind, place and decade, all of it in the page's address; and copy
// a work's BibTeX entry.
import {addressState, pageData, setAddressState} from "./page.js";
import {folded, speaker} from "./words.js";

const SHOWN_LONG = 2000; // milliseconds that a button says "copied"
const CHOICES = ["kind", "place", "year"];

export function startReferences(root) {
  const form = root.querySelector("form");
  const fields = form.elements;
  const nothing = root.querySelector(".mm-nothing");
  const say = speaker(pageData("mm-references"));
  const works = [...root.querySelectorAll(".mm-references > li")].map((element) => ({
    element,
    text: folded(`${element.querySelector(".mm-work").textContent} ${element.id.slice(4)}`),
    kind: [element.dataset.mmKind],
    year: [element.dataset.mmYear],
    place: element.dataset.mmPlace.split(" "),
  }));

  const state = addressState();
  fields.q.value = state.get("q") ?? "";
  for (const name of CHOICES) {
    if ([...fields[name].options].some((option) => option.value === state.get(name))) fields[name].value = state.get(name);
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", update);
  nothing.querySelector("button").addEventListener("click", () => {
    clear();
    fields.q.focus();
  });
  addEventListener("hashchange", showTarget);
  root.addEventListener("click", ({target}) => {
    const button = target.closest("[data-mm-copy]");
    if (button) copy(button);
  });
  for (const button of root.querySelectorAll("[data-mm-copy]")) button.hidden = false;
  form.hidden = false;
  update();
  showTarget();

  function clear() {
    for (const name of ["q", ...CHOICES]) fields[name].value = "";
    update();
  }

  /** Make sure that a work that a link leads to is not filtered away. */
  function showTarget() {
    const target = document.getElementById(location.hash.slice(1));
    if (!target?.hidden || !root.contains(target)) return;
    clear();
    target.scrollIntoView();
  }

  function update() {
    const words = folded(fields.q.value).split(/\s+/).filter(Boolean);
    const chosen = CHOICES.filter((name) => fields[name].value);
    let n = 0;
    for (const work of works) {
      const fits = words.every((word) => work.text.includes(word)) && chosen.every((name) => work[name].includes(fields[name].value));
      work.element.hidden = !fits;
      n += fits;
    }
    nothing.hidden = n > 0;
    form.querySelector(".mm-seek__count").textContent = say("count", {n});
    const now = new URLSearchParams();
    for (const name of ["q", ...CHOICES]) if (fields[name].value.trim()) now.set(name, fields[name].value.trim());
    setAddressState(now);
  }

  async function copy(button) {
    const details = button.parentElement.querySelector("details");
    const entry = details.querySelector("pre");
    const [label] = button.childNodes;
    const said = label.data;
    try {
      await navigator.clipboard.writeText(`${entry.textContent.trim()}\n`);
      label.data = say("copied");
    } catch {
      details.open = true; // where a browser does not let pages copy, the reader does
      getSelection().selectAllChildren(entry);
      label.data = say("select");
    }
    button.disabled = true;
    setTimeout(() => {
      label.data = said;
      button.disabled = false;
    }, SHOWN_LONG);
  }
}
