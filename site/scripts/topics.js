// The list of topics: narrowed as one types, by name, other words for it and explanation; with or without the
// explanations. Both stand in the address.

import {addressState, fill, setAddressState} from "./page.js";
import {folded} from "./words.js";

export function startTopics(root) {
  const [find, about, says] = ["#topics-find", "#topics-about", "[role=status]"].map((one) => root.querySelector(one));
  const topics = [...document.querySelectorAll(".mm-topic-list > li")].map((element) => ({
    element, words: folded(`${element.querySelector("a").textContent} ${element.dataset.words} ${element.querySelector("p").textContent}`),
  }));
  const lists = [...document.querySelectorAll(".mm-topic-list")];

  function show() {
    const wanted = folded(find.value).split(/\s+/).filter(Boolean);
    for (const {element, words} of topics) element.hidden = !wanted.every((word) => words.includes(word));
    for (const list of lists) {
      const isEmpty = [...list.children].every(({hidden}) => hidden);
      for (const part of [list, list.previousElementSibling, list.previousElementSibling.previousElementSibling]) part.hidden = isEmpty;
    }
    const n = topics.filter(({element}) => !element.hidden).length;
    says.textContent = n === 0 ? root.dataset.nothing : wanted.length ? fill(root.dataset.said, {n, all: topics.length}) : "";
    document.body.classList.toggle("mm-with-about", about.checked);
    const state = addressState();
    for (const [key, value] of [["find", find.value.trim()], ["view", about.checked ? "list" : ""]]) {
      if (value) state.set(key, value);
      else state.delete(key);
    }
    setAddressState(state);
  }

  const state = addressState();
  find.value = state.get("find") ?? "";
  about.checked = state.get("view") === "list";
  find.addEventListener("input", show);
  about.addEventListener("change", show);
  root.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  root.querySelector("form").hidden = false;
  show();
}
