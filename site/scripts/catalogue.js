// The catalogue: filters, order and a choice of courses to compare, all of it in the page's address.
import {addressState, make, pageData, setAddressState} from "./page.js";
import {folded, speaker} from "./words.js";

const SHOWN_TOPICS = 3;

export function startCatalogue(root) {
  const data = pageData("mm-catalogue");
  const say = speaker(data.texts);
  const find = (selector) => root.querySelector(selector);
  const all = (selector) => [...root.querySelectorAll(selector)];
  const form = find("[data-mm-filters]");
  const query = form.elements.find;
  const boxes = all("[data-mm-facet] input");
  const picks = all("[data-mm-chosen-one]");
  const outdated = find("[data-mm-outdated] input");
  const sort = find(".mm-catalogue__sort select");
  const list = find(".mm-courses");
  const topics = data.topics.map(folded);
  const courses = data.courses.map((course) => {
    const card = find(`[data-mm-course="${course.id}"]`);
    const shown = [...card.querySelectorAll(".mm-course__title, .mm-course__by, .mm-course__summary, dd")];
    return {...course, card, text: folded([course.people, ...shown.map((part) => part.textContent)].join(" "))};
  });
  const facets = new Map(all("[data-mm-facet]").map((facet) => [facet.dataset.mmFacet, [...facet.querySelectorAll("input")]]));

  readAddress();
  watchWidth(find(".mm-filters__fold"));
  form.addEventListener("submit", (event) => event.preventDefault());
  root.addEventListener("input", update);
  find("[data-mm-tray-clear]").addEventListener("click", () => {
    const first = picks.find((pick) => pick.checked);
    for (const pick of picks) pick.checked = false;
    update();
    first?.focus();
  });
  for (const hidden of [form, find("[data-mm-bar]"), ...picks.map((pick) => pick.closest("label"))]) hidden.hidden = false;
  update();

  function readAddress() {
    const state = addressState();
    query.value = state.get("find") ?? "";
    for (const box of boxes) box.checked = state.getAll(box.name).includes(box.value);
    outdated.checked = state.has("outdated");
    if ([...sort.options].some((option) => option.value === state.get("sort"))) sort.value = state.get("sort");
    const chosen = (state.get("compare") ?? "").split(",");
    for (const pick of picks) pick.checked = chosen.includes(pick.value);
  }

  function writeAddress() {
    const state = new URLSearchParams();
    if (query.value.trim()) state.set("find", query.value.trim());
    for (const box of boxes) if (box.checked) state.append(box.name, box.value);
    if (outdated.checked) state.set("outdated", "1");
    if (sort.selectedIndex > 0) state.set("sort", sort.value);
    const chosen = picks.filter((pick) => pick.checked).map((pick) => pick.value);
    if (chosen.length) state.set("compare", chosen.join(","));
    setAddressState(state);
  }

  /** Return what is asked for: by facet the ticked values, and the words of the search. */
  function asked() {
    const ticked = new Map();
    for (const [name, group] of facets) {
      const values = group.filter((box) => box.checked).map((box) => box.value);
      if (values.length) ticked.set(name, values);
    }
    return {ticked, words: folded(query.value).split(/\s+/).filter(Boolean), old: outdated.checked};
  }

  /** Return the topics of a course whose name has all words. */
  function hits(course, words) {
    return words.length ? course.topics.filter((place) => words.every((word) => topics[place].includes(word))) : [];
  }

  /** Tell whether a course fits what is asked, one facet left out. */
  function fits(course, {ticked, words, old}, without = "") {
    for (const [name, values] of ticked) {
      if (name !== without && !values.some((value) => course.values[name].includes(value))) return false;
    }
    if (course.outdated && !old && !ticked.has("status") && without !== "status") return false;
    return words.every((word) => course.text.includes(word)) || hits(course, words).length > 0;
  }

  function update() {
    const ask = asked();
    const found = courses.filter((course) => fits(course, ask));
    for (const course of courses) {
      course.card.hidden = !found.includes(course);
      showHits(course, ask.words);
    }
    inOrder(courses).forEach((course, place) => {
      if (list.children[place] !== course.card) list.insertBefore(course.card, list.children[place]);
    });
    count(ask);
    find("[data-mm-count]").textContent = say("count", {n: found.length, total: courses.length});
    showSwitch(ask);
    showNothing(ask, found.length);
    showActive(ask);
    showTray();
    writeAddress();
  }

  function inOrder(some) {
    const key = (course) => course.keys[sort.value];
    const compared = (a, b) => (typeof a === "string" ? a.localeCompare(b, document.documentElement.lang, {numeric: true}) : a - b);
    return [...some].sort((a, b) => (key(a) === null) - (key(b) === null) || compared(key(a) ?? 0, key(b) ?? 0) || compared(a.keys.name, b.keys.name));
  }

  function showHits(course, words) {
    const line = course.card.querySelector("[data-mm-hit]");
    const found = hits(course, words).map((place) => data.topics[place]);
    const names = found.slice(0, SHOWN_TOPICS).join(", ");
    const more = found.length - SHOWN_TOPICS;
    line.hidden = !found.length;
    line.textContent = say("teaches", {topics: more > 0 ? say("and_more", {topics: names, n: more}) : names});
  }

  /** Write beside each choice how many courses it would leave, and bar those that would leave none. */
  function count(ask) {
    for (const [name, group] of facets) {
      const rest = courses.filter((course) => fits(course, ask, name));
      for (const box of group) {
        const n = rest.filter((course) => course.values[name].includes(box.value)).length;
        const label = box.closest("label");
        label.querySelector(".mm-facet__count").textContent = n;
        label.classList.toggle("mm-facet__choice--none", n === 0);
        box.disabled = n === 0 && !box.checked;
      }
    }
  }

  function showSwitch(ask) {
    const n = courses.filter((course) => course.outdated && fits(course, {...ask, old: true})).length;
    outdated.closest("label").hidden = ask.ticked.has("status") || (n === 0 && !ask.old);
    outdated.nextElementSibling.textContent = say("outdated", {n});
  }

  /** Return the filters in use: what each is called, and how to take it away. */
  function active(ask) {
    const used = boxes
      .filter((box) => box.checked)
      .map((box) => ({name: box.nextElementSibling.textContent, remove: () => (box.checked = false), without: withoutBox(ask, box)}));
    if (ask.words.length) used.push({name: query.value.trim(), remove: () => (query.value = ""), without: {...ask, words: []}});
    return used;
  }

  function withoutBox(ask, box) {
    const ticked = new Map(ask.ticked);
    const values = ticked.get(box.name).filter((value) => value !== box.value);
    if (values.length) ticked.set(box.name, values);
    else ticked.delete(box.name);
    return {...ask, ticked};
  }

  function button(text, act, attributes = {}) {
    const made = make("button", {type: "button", ...attributes}, text);
    made.addEventListener("click", () => {
      act();
      update();
      (form.checkVisibility?.() ? query : sort).focus({preventScroll: true});
    });
    return made;
  }

  function clearAll() {
    for (const box of boxes) box.checked = false;
    query.value = "";
  }

  function showActive(ask) {
    const used = active(ask);
    const chips = used.map(({name, remove}) => button(`${name} ×`, remove, {class: "mm-chip-button", "aria-label": say("remove", {name})}));
    if (used.length > 1 && !list.hidden) chips.push(button(say("clear"), clearAll, {class: "mm-plain-button"}));
    find("[data-mm-active]").replaceChildren(...chips.map((chip) => make("li", {}, chip)));
    find("[data-mm-filters-on]").textContent = used.length ? `(${used.length})` : "";
  }

  /** Where nothing is left, name each single step that brings courses back. */
  function showNothing(ask, found) {
    const box = find("[data-mm-nothing]");
    box.hidden = found > 0;
    list.hidden = !found;
    box.replaceChildren();
    if (found) return;
    const many = (changed) => courses.filter((course) => fits(course, changed)).length;
    const ways = active(ask)
      .map((one) => ({...one, n: many(one.without)}))
      .filter(({n}) => n > 0)
      .map(({name, remove, n}) => button(say("without", {name, n}), remove, {class: "mm-chip-button"}));
    const old = ask.old ? 0 : many({...ask, old: true});
    if (old) ways.push(button(say("with_outdated", {n: old}), () => (outdated.checked = true), {class: "mm-chip-button"}));
    ways.push(button(say("clear"), clearAll, {class: "mm-chip-button"}));
    box.append(make("p", {}, say("nothing")), make("p", {class: "mm-nothing__ways"}, ...ways));
  }

  function showTray() {
    const ids = picks.filter((pick) => pick.checked).map((pick) => pick.value);
    const names = courses.filter((course) => ids.includes(course.id)).map((course) => course.name).join(", ");
    const go = find("[data-mm-tray-go]");
    find("[data-mm-tray]").hidden = !ids.length;
    find("[data-mm-tray-text]").textContent = ids.length === 1 ? say("chosen_one", {names}) : names;
    go.hidden = ids.length < 2;
    go.textContent = say("compare", {n: ids.length});
    go.href = `${go.href.split("?")[0]}?courses=${ids.join(",")}`;
  }
}

/** Keep the filters open beside the courses on a wide screen, and folded above them on a narrow one. */
function watchWidth(fold) {
  const wide = matchMedia("(min-width: 60em)");
  const adapt = () => (fold.open = wide.matches);
  wide.addEventListener("change", adapt);
  adapt();
}
