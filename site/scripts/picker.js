// A box in which one types to find things by name, and picks some of them (the combobox pattern of WAI-ARIA).
import {make} from "./page.js";
import {prepared, search} from "./search.js";

const MOST = 60;

/**
 * Start a picker in `root` for `entries` of `{title, where, words}`. Empty, it lists them all; as one types, those
 * that fit, the best first. `isPicked(entry)` tells which to leave out; `pick(entry)` is called for a choice.
 */
export function startPicker(root, entries, say, {isPicked, pick}) {
  const input = root.querySelector("input");
  const list = root.querySelector("[role=listbox]");
  const index = prepared({
    ignored: "",
    kinds: [[""]],
    entries: entries.map(({title, where, words}, place) => [0, title, place, where, words, "", ""]),
  });
  let active = -1;
  let shown = [];

  function open() {
    const found = input.value.trim() ? search(index, input.value).map(({entry, name}) => [entries[entry.address], entry.others[name - 1]])
      : entries.map((entry) => [entry]);
    const left = found.filter(([entry]) => !isPicked(entry));
    shown = input.value.trim() ? left.slice(0, MOST) : left;
    list.replaceChildren(...shown.map(option));
    if (left.length > shown.length) list.append(make("li", {class: "mm-picker__note", role: "presentation"}, say("more", {n: left.length - shown.length})));
    if (!left.length) list.append(make("li", {class: "mm-picker__note", role: "presentation"}, say("none", {query: input.value.trim()})));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    list.scrollTop = 0;
    choose(input.value.trim() && shown.length ? 0 : -1);
  }

  function option([entry, otherName], place) {
    const other = otherName ? [make("span", {class: "mm-picker__other"}, otherName)] : [];
    return make("li", {role: "option", id: `${list.id}-${place}`, "aria-selected": "false", "data-place": place},
      make("span", {}, entry.title), " ", ...other, " ", make("span", {class: "mm-quiet"}, entry.where));
  }

  function choose(place) {
    list.children[active]?.setAttribute("aria-selected", "false");
    active = place;
    const chosen = active < 0 ? null : list.children[active];
    if (!chosen) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    chosen.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", chosen.id);
    chosen.scrollIntoView({block: "nearest"});
  }

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    choose(-1);
  }

  function take(place) {
    const [entry] = shown[place];
    input.value = "";
    close();
    pick(entry);
  }

  input.addEventListener("input", open);
  input.addEventListener("click", () => { if (list.hidden) open(); });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (step) {
      if (list.hidden) open();
      if (shown.length) choose(active < 0 ? (step < 0 ? shown.length - 1 : 0) : (active + step + shown.length) % shown.length);
    } else if (event.key === "Enter") {
      if (active >= 0) take(active);
    } else if (event.key === "Escape" && !list.hidden) close();
    else return;
    event.preventDefault();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-place]");
    if (chosen) take(Number(chosen.dataset.place));
  });
}
