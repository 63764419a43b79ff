// Shows only a part of a page: a form `data-mm-pick` holds selects, and an element with `data-pick-<name>`
// stays when the select of that name has its value, or none. The choice is in the page's address.

import {addressState, fill, setAddressState} from "./page.js";

export function startPick(form) {
  const selects = [...form.querySelectorAll("select")];
  const places = document.querySelectorAll(selects.map(({name}) => `[data-pick-${name}]`).join());
  const output = form.querySelector("output");

  const show = () => {
    for (const place of places) {
      place.hidden = selects.some(({name, value}) => value && (place.getAttribute(`data-pick-${name}`) ?? value) !== value);
    }
    const counted = [...document.querySelectorAll("[data-pick-counted]")];
    if (output) output.value = fill(form.dataset.mmCount, {n: counted.filter((row) => !row.hidden).length, total: counted.length});
  };
  const keep = () => {
    const state = addressState();
    for (const {name, value} of selects) value ? state.set(name, value) : state.delete(name);
    setAddressState(state);
    show();
  };
  const all = () => {
    for (const select of selects) select.value = "";
    keep();
  };

  for (const select of selects) {
    const asked = addressState().get(select.name);
    if ([...select.options].some(({value}) => value === asked)) select.value = asked;
  }
  form.addEventListener("change", keep);
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    all();
  });
  // A link to a part that is hidden shows it.
  addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target?.closest("[hidden]")) return;
    all();
    target.scrollIntoView();
  });
  form.hidden = false;
  show();
}
