// The mark that says how far a course takes a topic, as the pages' templates draw it (parts.md).
import {make} from "./page.js";
import {DEPTHS} from "./plan.js";

const SVG = "http://www.w3.org/2000/svg";

/** Return the mark of a depth (0 to 3), which `say` names in words; `textClass` decides whether they are seen. */
export function depthMark(depth, say, textClass = "mm-hidden") {
  const icon = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  icon.setAttribute("class", "mm-depth__bars");
  icon.setAttribute("aria-hidden", "true");
  icon.setAttribute("focusable", "false");
  use.setAttribute("href", `#mm-depth-${depth + 1}`);
  icon.append(use);
  const name = say(`depth.${depth}`);
  return make("span", {class: `mm-depth mm-depth--${DEPTHS[depth]}`, title: textClass === "mm-hidden" && name}, icon, make("span", {class: textClass}, name));
}
