// The interface strings that a page carries for its script: those below one key, by the rest of their keys;
// and texts as readers type them.

import {fill} from "./page.js";

/** Return a function that says `words[key]` with its placeholders filled in, in the plural that `n` asks for. */
export function speaker(words) {
  const number = new Intl.NumberFormat(document.documentElement.lang);
  return (key, values = {}) => {
    const text = words[key] ?? words[`${key}.${values.n === 1 ? "one" : "other"}`];
    const shown = Object.entries(values).map(([name, v]) => [name, typeof v === "number" ? number.format(v).replace("-", "−") : v]);
    return fill(text, Object.fromEntries(shown));
  };
}

/** Return a text as hurried readers type it: without accents and capitals. */
export function folded(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Write a day, such as "2026-11-21", as the page's language does. */
export function longDate(day) {
  const {lang} = document.documentElement;
  const format = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, {dateStyle: "long"});
  return format.format(new Date(`${day}T12:00`));
}
