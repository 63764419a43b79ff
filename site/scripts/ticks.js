// Boxes to tick lessons and topics on any page, and bars that say how many are ticked. The templates' macros
// `tick`, `tick_text`, `part`, `begun` and `finish` write them; `tickBox` makes one for what a script draws.

import {fill, make} from "./page.js";
import {onChange, progress, setDone} from "./store.js";

/** Bring every box and bar of the page to life, also those that come later. Call it once. */
export function startTicks() {
  document.addEventListener("change", ({target}) => {
    if (target.matches("[data-mm-tick]")) setDone(target.dataset.mmTick, idsOf(target), target.checked);
  });
  onChange(showTicks);
  showTicks();
  for (const label of document.querySelectorAll(".mm-tick, .mm-finish")) label.hidden = false;
}

/** Return a labelled box for a lesson or topic. Its label is visible, or for screen readers only. */
export function tickBox(kind, id, label, isVisible = false) {
  const box = make("input", {type: "checkbox", autocomplete: "off", "data-mm-tick": kind, value: id});
  box.checked = Object.hasOwn(progress()[kind], id);
  const text = make("span", {class: isVisible ? null : "mm-hidden"}, label);
  return make("label", {class: isVisible ? "mm-tick mm-tick--text" : "mm-tick"}, box, text);
}

/** Return how many of some ids are marked in `now`, which `progress` returned. */
export function countDone(now, kind, ids) {
  return ids.filter((id) => Object.hasOwn(now[kind], id)).length;
}

/** Show in every box and bar of the page what is marked now. */
export function showTicks() {
  const now = progress();
  for (const box of document.querySelectorAll("[data-mm-tick]")) {
    const ids = idsOf(box);
    const done = countDone(now, box.dataset.mmTick, ids);
    box.checked = done === ids.length;
    box.indeterminate = done > 0 && done < ids.length;
  }
  for (const part of document.querySelectorAll("[data-mm-part]")) showPart(part, now);
  for (const link of document.querySelectorAll("[data-mm-next]")) showNext(link);
}

/** Show in a bar how many of its ids are marked; one with none marked hides, with its `.mm-begun` around it. */
function showPart(part, now) {
  const done = countDone(now, part.dataset.mmPart, idsOf(part));
  const text = part.querySelector("[data-mm-text]");
  part.querySelector("progress").value = done;
  text.textContent = fill(text.dataset.mmText, {done});
  part.hidden = done === 0 && !("mmAlways" in part.dataset);
  const around = part.closest(".mm-begun");
  if (around) around.hidden = part.hidden;
}

/** Lead to the first lesson of the page's lists that is not done. */
function showNext(link) {
  const boxes = [...document.querySelectorAll(".mm-lessons [data-mm-tick]")];
  const lesson = boxes.find((box) => !box.checked)?.closest("li").querySelector("a");
  link.hidden = !lesson;
  if (!lesson) return;
  link.href = lesson.href;
  link.textContent = fill(link.dataset.mmText, {lesson: lesson.textContent});
}

function idsOf(element) {
  return (element.dataset.mmIds ?? element.value).split(" ");
}
