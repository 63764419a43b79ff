// The comparison: which courses stand side by side, which topics are listed, and the view of exactly two.
import {columnsOf} from "./columns.js";
import {depthMark} from "./marks.js";
import {addressState, make, pageData, setAddressState} from "./page.js";
import {depthsIn} from "./pair.js";
import {showPair} from "./pair_view.js";
import {readGuide} from "./plan.js";
import {speaker} from "./words.js";

export function startCompare(root) {
  const data = pageData("mm-compare");
  const guide = readGuide(data.guide);
  const say = speaker(data.texts);
  const find = (selector) => root.querySelector(selector);
  const all = (selector) => [...root.querySelectorAll(selector)];
  const boxes = all("[data-mm-choose] input");
  const ids = boxes.map((box) => box.value);
  const radios = all("[data-mm-tools] [type=radio]");
  const area = find("[data-mm-area]");
  const fold = find("[data-mm-fold]");
  const folded = new Set();
  const groups = all("[data-mm-rows]").map(readGroup);
  const known = new Set(ids);
  const tables = all("[data-mm-columns]");
  const showColumns = tables.map((table) => columnsOf(table, data.columns, table === find("[data-mm-matrix]") ? matrixCell : factCell));
  const depths = new Map();
  let chosen = [];

  readAddress();
  for (const hidden of [find("[data-mm-choose]"), find("[data-mm-tools]")]) hidden.hidden = false;
  find("[data-mm-some]")?.remove();
  find(".mm-choose__all").open = chosen.length < 2;
  root.addEventListener("input", (event) => {
    if (boxes.includes(event.target)) choose(event.target.value, event.target.checked);
    else update();
  });
  find("[data-mm-swap-sides]").addEventListener("click", () => {
    chosen.reverse();
    update();
  });
  find("[data-mm-copy-link]").addEventListener("click", copy);
  find("[data-mm-choose-all]")?.addEventListener("click", () => {
    chosen = [...data.columns];
    update();
  });
  fold.addEventListener("click", () => {
    const areas = groups.map((group) => group.id);
    if (folded.size < areas.length) areas.forEach((id) => folded.add(id));
    else folded.clear();
    update();
  });
  for (const cue of all(".mm-cue")) watchCue(cue);
  update();

  function readAddress() {
    const state = addressState();
    const asked = (state.get("courses") ?? "").split(",").filter((id) => known.has(id));
    chosen = state.get("courses") === "all" ? [...data.columns] : [...new Set(asked)];
    if (!chosen.length) chosen = [...data.first];
    const rows = state.get("rows");
    (radios.find((radio) => radio.value === rows) ?? radios[0]).checked = true;
    if (groups.some((group) => group.id === state.get("area"))) area.value = state.get("area");
  }

  function writeAddress() {
    const state = new URLSearchParams();
    const every = chosen.length === ids.length;
    if (chosen.join() !== data.first.join()) state.set("courses", every ? "all" : chosen.join(","));
    if (mode() !== radios[0].value) state.set("rows", mode());
    if (area.value) state.set("area", area.value);
    setAddressState(state);
  }

  /** Return an area of the matrix: its rows with the topic that each is of. */
  function readGroup(body) {
    const [head, ...rows] = body.rows;
    const name = head.querySelector("span");
    const button = make("button", {type: "button", class: "mm-fold", "aria-expanded": "true"}, name.textContent);
    const count = make("span", {class: "mm-quiet"});
    name.replaceWith(button, " ", count);
    const id = body.dataset.mmRows;
    button.addEventListener("click", () => {
      folded[folded.has(id) ? "delete" : "add"](id);
      update();
    });
    return {id, body, button, count, rows: rows.map((row) => ({row, topic: topicOf(row)}))};
  }

  function mode() {
    return radios.find((radio) => radio.checked).value;
  }

  function choose(id, isChosen) {
    chosen = isChosen ? [...chosen, id] : chosen.filter((other) => other !== id);
    update();
  }

  function update() {
    for (const box of boxes) box.checked = chosen.includes(box.value);
    showChosen();
    showTables();
    showRows();
    const pair = chosen.map(courseOf);
    const place = find("[data-mm-pair]");
    place.hidden = pair.length !== 2;
    find("[data-mm-swap-sides]").hidden = place.hidden;
    if (place.dataset.shown !== chosen.join()) {
      place.replaceChildren();
      if (pair.length === 2) showPair(place, guide, pair, say);
      place.dataset.shown = chosen.join();
    }
    writeAddress();
  }

  function showChosen() {
    const items = chosen.map((id) => {
      const {name} = courseOf(id);
      const button = make("button", {type: "button", class: "mm-chip-button", "aria-label": say("remove", {name})}, `${name} ×`);
      button.addEventListener("click", () => {
        choose(id, false);
        find(".mm-choose__all summary").focus();
      });
      return make("li", {}, button);
    });
    const label = chosen.length ? say("chosen", {n: chosen.length}) : say("none");
    find("[data-mm-chosen]").replaceChildren(make("li", {class: "mm-choose__label"}, label), ...items);
  }

  function showTables() {
    for (const table of tables) {
      table.classList.toggle("mm-matrix--few", chosen.length <= 4);
      table.classList.toggle("mm-matrix--two", chosen.length <= 2);
    }
    for (const show of showColumns) show(chosen);
  }

  function courseOf(id) {
    return guide.courses[guide.courseOf.get(id)];
  }

  function topicOf(row) {
    return guide.topicOf.get(row.dataset.topic);
  }

  function depthsOf(id) {
    if (!depths.has(id)) depths.set(id, depthsIn(courseOf(id)));
    return depths.get(id);
  }

  function headCell(id) {
    return make("th", {scope: "col"}, make("a", {href: `courses/${id}.html`}, courseOf(id).name));
  }

  function factCell(row, number, id) {
    if (!number) return headCell(id);
    const [text, checked] = data.more[id].facts[number - 1];
    const note = (words) => make("span", {class: "mm-quiet"}, words);
    return make("td", {}, text || note(say("not_stated")), ...(checked ? [" ", note(`(${checked})`)] : []));
  }

  function matrixCell(row, number, id) {
    if (!number) return headCell(id);
    const topic = topicOf(row);
    const depth = depthsOf(id).get(topic);
    if (depth === undefined) return make("td");
    const mark = depthMark(depth, say, "mm-depth__text");
    if (!data.more[id].only.includes(topic)) return make("td", {}, mark);
    return make("td", {class: "mm-matrix__only"}, mark, make("span", {class: "mm-only", title: say("only_title")}, say("only_badge")));
  }

  function showRows() {
    const taught = chosen.map(depthsOf);
    const wanted = {
      all: () => true,
      taught: (topic) => taught.some((one) => one.has(topic)),
      differences: (topic) => new Set(taught.map((one) => one.get(topic))).size > 1,
    }[mode()];
    let [visible, total] = [0, 0];
    for (const {id, body, button, count, rows} of groups) {
      const inArea = !area.value || area.value === id;
      let here = 0;
      for (const {row, topic} of rows) {
        const fits = inArea && wanted(topic);
        here += fits;
        row.hidden = !fits || folded.has(id);
      }
      body.hidden = !here;
      button.setAttribute("aria-expanded", String(!folded.has(id)));
      count.textContent = String(here);
      visible += here;
      total += rows.length;
    }
    fold.setAttribute("aria-pressed", String(folded.size === groups.length));
    find("[data-mm-count]").textContent = visible ? say("rows", {n: visible, total}) : say("rows_none");
  }

  async function copy() {
    const said = find("[data-mm-said]");
    const address = location.href.replaceAll("%2C", ",");
    try {
      await navigator.clipboard.writeText(address);
      said.textContent = say("copied");
    } catch {
      said.replaceChildren(`${say("copy_this")} `, make("input", {class: "mm-input", readonly: true, value: address, "aria-label": say("copy_this")}));
      said.querySelector("input").select();
    }
  }
}

/** Show at a table's edge that there is more to the side, whatever makes it or the page wider. */
function watchCue(cue) {
  const box = cue.firstElementChild;
  const observer = new ResizeObserver(() => showCue(cue));
  box.addEventListener("scroll", () => showCue(cue), {passive: true});
  for (const element of [box, box.firstElementChild]) observer.observe(element);
}

function showCue(cue) {
  const box = cue.firstElementChild;
  cue.classList.toggle("mm-cue--more", box.scrollWidth - box.clientWidth - box.scrollLeft > 4);
}
