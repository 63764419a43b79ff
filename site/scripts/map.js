// The topic map: choose a topic to see what it needs and opens, filter by area or course, zoom, and go from
// topic to topic with the arrow keys. The drawing itself is made with the page; here it is only marked,
// scaled and, with "hide all others", packed closer.

import {addressState, fill, make, pageData, setAddressState} from "./page.js";
import {pack} from "./pack.js";
import {isDone, onChange} from "./store.js";
import {tickBox} from "./ticks.js";
import {folded} from "./words.js";

const COLUMN = 222;
const WIDTH = 172;
const MARGIN = 12;
const SCALES = [0.06, 2];

export function startMap(root) {
  const find = (selector) => root.querySelector(selector);
  const [svg, frame, panel, says] = ["svg", ".mm-map__frame", ".mm-map__panel", ".mm-map__says"].map(find);
  const [search, found, area, course, only] =
    ["#map-find", ".mm-map__found", "#map-area", "#map-course", "#map-only"].map(find);
  const {definitions, courses, words, planner} = pageData("mm-map");
  const size = {width: +svg.getAttribute("width"), height: +svg.getAttribute("height")};
  const nodes = [...svg.querySelectorAll(".mm-node")].map((element, place) => {
    const [x, y] = element.getAttribute("transform").match(/\d+/g).map(Number);
    const height = +element.firstElementChild.getAttribute("height");
    element.append(tickMark());
    return {
      element, place, id: element.dataset.id, name: element.getAttribute("aria-label"), x, y, height,
      area: element.parentNode.dataset.area, middle: y + height / 2,
      at: {x, y}, before: [], after: [],
    };
  });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const edges = [...svg.querySelectorAll("[data-e]")].map((element) => {
    const [source, target] = element.dataset.e.split(" ").map((place) => nodes[place]);
    source.after.push(target);
    target.before.push(source);
    return {element, source, target, path: element.getAttribute("d")};
  });
  const listed = [...document.querySelectorAll(".mm-map-list > li")];
  const isPhone = matchMedia("(max-width: 44em)");
  let chosen = null;
  let roving = null;
  let scale = 1;
  let whole = size;

  // What is shown -----------------------------------------------------------------------------------

  /** Show the state of the controls: marks in the drawing, the panel, the list, the address. */
  function show() {
    const needed = chosen ? closure(chosen, "before") : new Set();
    const opened = chosen ? closure(chosen, "after") : new Set();
    const taught = course.value ? new Set(courses[course.value]) : null;
    const isDim = (node) =>
      (chosen && node !== chosen && !needed.has(node) && !opened.has(node)) ||
      (node !== chosen && ((area.value && node.area !== area.value) || (taught && !taught.has(node.place))));
    const shown = nodes.filter((node) => !isDim(node));
    const isPacked = only.checked && shown.length < nodes.length && shown.length > 0;
    for (const node of nodes) {
      node.isDim = isDim(node);
      node.isHidden = isPacked && node.isDim;
      mark(node.element, {
        "is-dim": node.isDim, "is-chosen": node === chosen, "is-needed": needed.has(node), "is-opened": opened.has(node),
      });
      node.element.toggleAttribute("hidden", node.isHidden);
      node.element.setAttribute("aria-current", node === chosen);
    }
    for (const {element, source, target} of edges) {
      const within = (set) => (set.has(source) || source === chosen) && (set.has(target) || target === chosen);
      mark(element, {
        "is-dim": source.isDim || target.isDim, "is-needed": chosen && within(needed), "is-opened": chosen && within(opened),
      });
      element.toggleAttribute("hidden", source.isHidden || target.isHidden);
    }
    for (const item of listed) item.hidden = byId.get(item.dataset.id)?.isDim && !chosen;
    svg.classList.toggle("is-focused", chosen !== null || shown.length < nodes.length);
    root.classList.toggle("is-shown", shown.length < nodes.length);
    arrange(isPacked ? shown : null);
    showPanel(needed, opened);
    if (!chosen) says.textContent = shown.length < nodes.length ? fill(words.shown, {n: shown.length, all: nodes.length}) : "";
    if (!roving || roving.isHidden) rove(chosen ?? shown[0] ?? nodes[0]);
    const state = addressState();
    for (const [key, value] of Object.entries({topic: chosen?.id, area: area.value, course: course.value})) {
      if (value) state.set(key, value);
      else state.delete(key);
    }
    if (only.checked === isPhone.matches) state.delete("only");
    else state.set("only", only.checked ? "1" : "0");
    setAddressState(state);
  }

  /** Put the boxes where the page drew them, or those of `shown` close together. */
  function arrange(shown) {
    const packed = shown && pack(shown);
    svg.classList.toggle("is-packed", Boolean(packed));
    whole = packed ? {width: packed.columns * COLUMN - COLUMN + WIDTH + 2 * MARGIN, height: packed.height + 2 * MARGIN} : size;
    for (const node of nodes) {
      const place = packed?.places.get(node);
      node.at = place ? {x: MARGIN + place.column * COLUMN, y: MARGIN + place.middle - node.height / 2} : {x: node.x, y: node.y};
      node.element.setAttribute("transform", `translate(${node.at.x} ${node.at.y})`);
    }
    for (const {element, source, target, path} of edges) {
      const stops = packed?.bends(source, target);
      element.setAttribute("d", stops ? curve(source.at.x + WIDTH, stops.map((stop) => stop + MARGIN)) : path);
    }
    svg.setAttribute("viewBox", `0 0 ${whole.width} ${whole.height}`);
    zoomTo(scale);
  }

  function showPanel(needed, opened) {
    panel.hidden = !chosen;
    if (!chosen) return;
    const known = [...needed].filter((node) => isDone("topics", node.id)).length;
    const chips = (title, topics) => topics.length === 0 ? [] : [
      make("h3", {}, fill(title, {n: topics.length})),
      make("ul", {class: "mm-chips"}, ...topics.map((node) => make("li", {}, linkTo(node)))),
    ];
    const further = (set, direct) => nodes.filter((node) => set.has(node) && !direct.includes(node));
    const closing = make("button", {type: "button", class: "mm-map__close"}, words.close);
    closing.addEventListener("click", () => choose(null));
    const quiet = (text) => make("p", {class: "mm-quiet"}, text);
    const after = [...chips(words.opens, chosen.after), ...chips(words.later, further(opened, chosen.after))];
    const before = [...chips(words.direct, chosen.before), ...chips(words.earlier, further(needed, chosen.before))];
    panel.replaceChildren(
      closing,
      make("h2", {tabindex: -1}, chosen.name),
      quiet(area.querySelector(`[value="${chosen.area}"]`).textContent),
      make("p", {}, definitions[chosen.place]),
      make("p", {}, make("a", {href: chosen.element.getAttribute("href")}, words.topic), " · ",
        make("a", {href: `${planner}?goal=${chosen.id}`}, words.shortest)),
      tickBox("topics", chosen.id, words.tick, true),
      ...(known ? [quiet(fill(words.known, {done: known, n: needed.size}))] : []),
      ...(before.length ? before : [quiet(words.start)]),
      ...(after.length ? after : [quiet(words.end)]),
    );
    says.textContent = fill(words.chosen, {name: chosen.name, before: needed.size, after: opened.size});
  }

  function showKnown() {
    for (const node of nodes) {
      const isKnown = isDone("topics", node.id);
      node.element.classList.toggle("is-known", isKnown);
      node.element.setAttribute("aria-label", isKnown ? fill(words.done, {name: node.name}) : node.name);
    }
    for (const link of panel.querySelectorAll("[data-id]")) {
      link.classList.toggle("is-known", isDone("topics", link.dataset.id));
    }
  }

  function linkTo(node) {
    const link = make("a", {href: node.element.getAttribute("href"), "data-id": node.id, class: isDone("topics", node.id) ? "is-known" : null}, node.name);
    link.addEventListener("click", (event) => chooseOn(event, node));
    return link;
  }

  // Choosing ----------------------------------------------------------------------------------------

  function choose(node, takeFocus = false) {
    const last = chosen;
    const isInPanel = panel.contains(document.activeElement);
    chosen = node;
    found.hidden = true;
    show();
    if (!node && isInPanel) (isPhone.matches ? search : last.element).focus({preventScroll: true});
    if (node) {
      rove(node);
      if (only.checked) fit(0.7, 1);
      else if (scale < 0.55) zoomTo(0.8);
      reveal(node, true);
      if (takeFocus && isPhone.matches) {
        panel.querySelector("h2").focus({preventScroll: true});
        frame.scrollIntoView({block: "start"});
      } else if (takeFocus) node.element.focus({preventScroll: true});
    } else if (whole === size && scale < 0.3) zoomTo(startScale());
  }

  /** Choose a topic where its link was clicked; a chosen one, or a click for another window, follows the link. */
  function chooseOn(event, node) {
    if (node === chosen || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    choose(node, true);
  }

  /** Make one box the one that the Tab key reaches. */
  function rove(to) {
    roving = to;
    for (const {element} of nodes) element.tabIndex = -1;
    to.element.tabIndex = 0;
  }

  function moveFrom(node, key) {
    const near = {
      ArrowLeft: () => node.before, ArrowRight: () => node.after,
      ArrowUp: () => nodes.filter((other) => other.at.x === node.at.x && other.at.y < node.at.y),
      ArrowDown: () => nodes.filter((other) => other.at.x === node.at.x && other.at.y > node.at.y),
    }[key]?.().filter((other) => !other.isHidden);
    const distance = (other) => Math.abs(other.at.y - node.at.y) + (other.isDim ? 1e5 : 0);
    const to = near?.sort((a, b) => distance(a) - distance(b))[0];
    if (!to) return;
    rove(to);
    to.element.focus({preventScroll: true});
    reveal(to);
  }

  function showFound() {
    const wanted = folded(search.value).trim();
    const rank = (node) => {
      const at = ` ${folded(node.name)}`.indexOf(` ${wanted}`);
      return at === 0 ? 0 : at > 0 ? 1 : folded(node.name).includes(wanted) ? 2 : 3;
    };
    const hits = wanted ? nodes.filter((node) => rank(node) < 3).sort((a, b) => rank(a) - rank(b)).slice(0, 8) : [];
    found.replaceChildren(...(hits.length ? hits.map((node) => make("li", {}, linkTo(node))) : [make("li", {class: "mm-quiet"}, words.nothing)]));
    found.hidden = !wanted;
    return hits;
  }

  // Zooming and panning -----------------------------------------------------------------------------

  function startScale() {
    return isPhone.matches ? 0.8 : Math.min(1, Math.max(0.62, frame.clientWidth / 1560));
  }

  /** Scale the drawing so that the point of the frame at (`x`, `y`) stays where it is. */
  function zoomTo(wanted, x = frame.clientWidth / 2, y = frame.clientHeight / 2) {
    const before = scale;
    scale = Math.min(SCALES[1], Math.max(SCALES[0], wanted));
    const left = ((frame.scrollLeft + x) / before) * scale - x;
    const top = ((frame.scrollTop + y) / before) * scale - y;
    svg.setAttribute("width", Math.round(whole.width * scale));
    svg.setAttribute("height", Math.round(whole.height * scale));
    svg.classList.toggle("is-small", scale < 0.4);
    frame.scrollTo(left, top);
    keepNames();
  }

  function fit(least = SCALES[0], most = SCALES[1]) {
    const wanted = Math.min((frame.clientWidth - 4) / whole.width, (frame.clientHeight - 4) / whole.height);
    zoomTo(Math.min(most, Math.max(least, wanted)));
  }

  /** Scroll the frame until a box is well inside it; with `toMiddle`, in its middle. */
  function reveal(node, toMiddle = false) {
    const [x, y] = [(node.at.x + WIDTH / 2) * scale, (node.at.y + node.height / 2) * scale];
    const {clientWidth: w, clientHeight: h, scrollLeft, scrollTop} = frame;
    const edge = toMiddle ? 0.5 : 0.15;
    const within = (at, from, length) => Math.min(at - length * edge, Math.max(at - length * (1 - edge), from));
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    frame.scrollTo({left: within(x, scrollLeft, w), top: within(y, scrollTop, h), behavior: calm || toMiddle ? "auto" : "smooth"});
  }

  /** Keep the names of areas at the left side in sight. */
  function keepNames() {
    for (const name of svg.querySelectorAll(".mm-lane-names text")) name.setAttribute("x", 14 + frame.scrollLeft / scale);
  }

  function onKey(event) {
    const node = nodes.find(({element}) => element === event.target);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (node && event.key.startsWith("Arrow")) moveFrom(node, event.key);
    else if (event.key === "+") zoomTo(scale * 1.25);
    else if (event.key === "-" || event.key === "−") zoomTo(scale / 1.25);
    else if (event.key === "0") fit();
    else if (event.key === "Escape" && chosen) choose(null);
    else return;
    event.preventDefault();
  }

  function onWheel(event) {
    if (!event.ctrlKey && !event.metaKey) return; // the plain wheel scrolls; so does a trackpad, whose pinch comes with ctrlKey
    event.preventDefault();
    const box = frame.getBoundingClientRect();
    zoomTo(scale * Math.exp(-event.deltaY / 300), event.clientX - box.x, event.clientY - box.y);
  }

  let pinch = null;
  function onTouch(event) {
    if (event.touches.length !== 2) {
      pinch = null;
      return;
    }
    event.preventDefault();
    const [a, b] = event.touches;
    const box = frame.getBoundingClientRect();
    const length = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
    pinch ??= {length, scale};
    zoomTo((pinch.scale * length) / pinch.length, (a.clientX + b.clientX) / 2 - box.x, (a.clientY + b.clientY) / 2 - box.y);
  }

  let drag = null;
  function onPointerDown(event) {
    if (event.pointerType === "mouse" && event.button === 0) drag = {x: event.clientX, y: event.clientY, moved: false};
  }
  function onPointerMove(event) {
    if (!drag) return;
    const [x, y] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.moved && Math.hypot(x, y) < 5) return;
    drag = {x: event.clientX, y: event.clientY, moved: true};
    root.classList.add("is-dragged");
    frame.scrollBy(-x, -y);
  }
  function onPointerUp() {
    root.classList.remove("is-dragged");
    setTimeout(() => (drag = null)); // after the click that ends a drag
  }

  // Starting ----------------------------------------------------------------------------------------

  svg.addEventListener("click", (event) => {
    const node = nodes.find(({element}) => element === event.target.closest(".mm-node"));
    if (node && drag?.moved) event.preventDefault();
    else if (node) chooseOn(event, node);
  });
  svg.addEventListener("dragstart", (event) => event.preventDefault());
  frame.addEventListener("keydown", onKey);
  panel.addEventListener("keydown", (event) => event.key === "Escape" && choose(null));
  frame.addEventListener("wheel", onWheel, {passive: false});
  frame.addEventListener("scroll", keepNames, {passive: true});
  frame.addEventListener("touchstart", onTouch, {passive: false});
  frame.addEventListener("touchmove", onTouch, {passive: false});
  frame.addEventListener("pointerdown", onPointerDown);
  addEventListener("pointermove", onPointerMove);
  addEventListener("pointerup", onPointerUp);
  find(".mm-map__zoom").addEventListener("click", ({target}) => {
    if (target.dataset.zoom === "fit") fit();
    else if (target.dataset.zoom) zoomTo(target.dataset.zoom === "in" ? scale * 1.25 : scale / 1.25);
  });
  for (const control of [area, course, only]) {
    control.addEventListener("change", () => {
      show();
      frame.scrollTo(0, 0);
      if (only.checked && whole !== size) fit(0.7, 1);
      else if (chosen) reveal(chosen, true);
      else {
        const first = nodes.find((node) => !node.isDim);
        if (first && whole === size) reveal(first, true);
      }
    });
  }
  search.addEventListener("input", showFound);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") found.hidden = true;
    if (event.key === "ArrowDown") found.querySelector("a")?.focus();
    if (event.key === "ArrowDown") event.preventDefault();
  });
  found.addEventListener("keydown", (event) => {
    const links = [...found.querySelectorAll("a")];
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (event.key === "Escape") search.focus();
    if (step) (links[links.indexOf(event.target) + step] ?? search).focus();
    if (step) event.preventDefault();
  });
  find(".mm-map__find").addEventListener("focusout", ({relatedTarget}) => {
    if (!relatedTarget?.closest(".mm-map__find")) found.hidden = true;
  });
  find("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const [first] = showFound();
    if (first) choose(first, true);
  });
  onChange(showKnown);

  for (const element of root.querySelectorAll(".mm-map__bar, [data-needs-js]")) element.hidden = false;
  root.classList.add("is-live");
  const state = addressState();
  for (const control of [area, course]) {
    const wanted = state.get(control.id.slice(4));
    if ([...control.options].some((option) => option.value === wanted)) control.value = wanted;
  }
  only.checked = state.has("only") ? state.get("only") === "1" : isPhone.matches;
  scale = startScale();
  choose(byId.get(state.get("topic")) ?? null);
  if (!chosen && whole !== size) fit(0.7, 1);
  showKnown();
}

/** Return all that a node needs ("before") or opens ("after"), directly or through others. */
function closure(node, direction, reached = new Set()) {
  for (const other of node[direction]) {
    if (!reached.has(other)) closure(other, direction, reached.add(other));
  }
  return reached;
}

function mark(element, classes) {
  for (const [name, is] of Object.entries(classes)) element.classList.toggle(name, Boolean(is));
}

function curve(x, stops) {
  const gap = COLUMN - WIDTH;
  const steps = stops.slice(1).map((stop, i) => `c${gap / 2} 0 ${gap / 2} ${stop - stops[i]} ${gap} ${stop - stops[i]}`);
  return `M${x} ${stops[0]}${steps.join(`h${WIDTH}`)}`;
}

function tickMark() {
  const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
  text.setAttribute("class", "mm-node__done");
  text.setAttribute("x", WIDTH - 15);
  text.setAttribute("y", 16);
  text.setAttribute("aria-hidden", "true");
  text.textContent = "✓";
  return text;
}
