// Starts what the page holds. Every feature finds its elements by a data attribute and does nothing without
// them; each page is complete and readable before any of this runs.

import {startTicks} from "./ticks.js";

const FEATURES = {
  "[data-mm-root]": startTicks,
};

for (const [selector, start] of Object.entries(FEATURES)) {
  for (const element of document.querySelectorAll(selector)) start(element);
}
document.documentElement.classList.add("mm-js");
