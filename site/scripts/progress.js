// The progress page: courses by how far one is, the way on, the saved plan, and all of it as a file.

import {download, make, pageData} from "./page.js";
import {asFile, isKept, merge, onChange, progress, read, replaceAll} from "./store.js";
import {countDone, showTicks} from "./ticks.js";
import {longDate, speaker} from "./words.js";

/** Start the page: `root` is its part that shows progress. */
export function startProgressPage(root) {
  const {courses, words} = pageData("mm-progress-data");
  const page = {
    say: speaker(words),
    find: (name) => root.querySelector(`[data-mm-${name}]`),
    tracks: [...root.querySelectorAll("[data-mm-course]")].map((row) => trackOf(row, courses[row.dataset.mmCourse])),
    topics: [...root.querySelectorAll('[data-mm-part="topics"]')].flatMap((part) => part.dataset.mmIds.split(" ")),
    when: (name, holds) => {
      for (const element of root.querySelectorAll(`[data-mm-when="${name}"]`)) element.hidden = !holds;
    },
  };
  page.find("keep").hidden = false;
  page.when("no-script", false);
  startFiles(page);
  onChange(() => show(page));
  show(page);
  const rest = page.find('state="rest"');
  if (rest) rest.open = rest.parentElement.querySelectorAll("[data-mm-state][hidden]").length === 2;
}

/** Return a course with its row and its lessons: id, title, address, hours. */
function trackOf(row, lessons) {
  const course = row.dataset.mmCourse;
  const base = row.querySelector("a").href.replace(/\.html$/, "");
  return {
    row,
    lessons: lessons.map(([id, title, hours]) => ({id: `${course}/${id}`, title, hours, href: `${base}/${id}.html`})),
  };
}

function show(page) {
  const now = progress();
  const marked = Object.keys(now.lessons).length + Object.keys(now.topics).length;
  page.when("unkept", !isKept());
  page.when("file", location.protocol === "file:" && !marked);
  page.when("nothing", !marked);
  showCourses(page, now);
  showPlan(page, now);
  showGone(page, now);
  showTicks();
}

/** Put each course where it belongs, those that are begun in the order of the last mark. */
function showCourses(page, now) {
  const lists = {begun: [], finished: [], rest: []};
  for (const track of page.tracks) {
    const done = track.lessons.filter((lesson) => Object.hasOwn(now.lessons, lesson.id));
    track.last = done.map((lesson) => now.lessons[lesson.id]).sort().at(-1);
    const state = done.length === 0 ? "rest" : done.length === track.lessons.length ? "finished" : "begun";
    lists[state].push(track);
    showWay(page, track.row.querySelector(".mm-tracks__next"), track.lessons, now, track.last);
  }
  lists.begun.sort((a, b) => (a.last < b.last) - (a.last > b.last));
  for (const [state, tracks] of Object.entries(lists)) {
    const part = page.find(`state="${state}"`);
    if (!part) continue;
    part.hidden = tracks.length === 0;
    part.querySelector("ul").append(...tracks.map((track) => track.row));
  }
  const counts = {
    lessons: page.tracks.reduce((sum, track) => sum + countDone(now, "lessons", track.lessons.map(({id}) => id)), 0),
    topics: countDone(now, "topics", page.topics),
    finished: lists.finished.length,
  };
  const said = Object.entries(counts).filter(([, n]) => n).map(([key, n]) => page.say(`tally.${key}`, {n}));
  page.find("tally").textContent = said.join(" · ");
  page.find("tally").hidden = said.length === 0;
}

/** Show the first of `lessons` that is not done, how much is left, and when one was last at it. */
function showWay(page, place, lessons, now, last) {
  const left = lessons.filter((lesson) => !Object.hasOwn(now.lessons, lesson.id));
  const facts = [];
  if (left.length && lessons.every((lesson) => lesson.hours)) {
    const hours = left.reduce((sum, lesson) => sum + lesson.hours, 0);
    facts.push(page.say("hours_left", {n: Math.max(1, Math.round(hours))}));
  }
  if (last) facts.push(page.say("last", {day: longDate(last)}));
  const next = left.length ? [page.say("next"), " ", make("a", {href: left[0].href}, left[0].title), " "] : [];
  place.replaceChildren(...next, make("span", {class: "mm-quiet"}, facts.join(" · ")));
  place.hidden = !last;
}

/** Show how much is done of the saved plan, as far as the guide still has its lessons. */
function showPlan(page, now) {
  const known = new Map(page.tracks.flatMap((track) => track.lessons.map((lesson) => [lesson.id, lesson])));
  const lessons = (now.plan?.lessons ?? []).map((id) => known.get(id)).filter(Boolean);
  const box = page.find("plan");
  box.hidden = !now.plan;
  page.when("no-plan", !now.plan);
  if (!now.plan) return;
  page.find("plan-saved").textContent = page.say("plan_saved", {day: longDate(now.plan.saved)});
  const [part, way] = box.querySelectorAll("p");
  const ids = lessons.map(({id}) => id);
  const done = countDone(now, "lessons", ids);
  part.replaceChildren(
    make(
      "span",
      {class: "mm-part"},
      make("progress", {"aria-hidden": "true", max: Math.max(1, ids.length), value: done}),
      make("span", {class: "mm-part__text"}, page.say("plan_part", {n: ids.length, done})),
    ),
  );
  showWay(page, way, lessons, now, "");
  way.hidden = done === ids.length;
}

/** Say how many marks belong to nothing that the guide has today. */
function showGone(page, now) {
  const lessons = new Set(page.tracks.flatMap((track) => track.lessons.map(({id}) => id)));
  const topics = new Set(page.topics);
  const gone = [
    ...Object.keys(now.lessons).filter((id) => !lessons.has(id)),
    ...Object.keys(now.topics).filter((id) => !topics.has(id)),
  ];
  page.find("gone").hidden = gone.length === 0;
  page.find("gone").textContent = gone.length ? page.say("gone", {n: gone.length, ids: gone.join(", ")}) : "";
}

// Files ------------------------------------------------------------------------------------------------

function startFiles(page) {
  const file = page.find("file");
  page.find("export").addEventListener("click", () => {
    const data = asFile();
    const day = new Date().toISOString().slice(0, 10);
    download(`${data.format}-${day}.json`, "application/json", `${JSON.stringify(data, null, 2)}\n`);
    tell(page, page.say("exported"));
  });
  page.find("import").addEventListener("click", () => file.click());
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (chosen) await take(page, chosen);
    file.value = "";
  });
  page.find("reset").addEventListener("click", async () => {
    const before = progress();
    const text = isEmpty(before) ? page.say("reset_nothing") : page.say("reset_ask", {what: contents(page, before)});
    const choices = isEmpty(before) ? [] : [["reset", page.say("reset_do")]];
    if ((await ask(page, text, choices)) !== "reset") return;
    replaceAll({lessons: {}, topics: {}, plan: null});
    tell(page, page.say("reset_done"), before);
  });
}

/** Take a file over: into nothing at once, beside what is marked here only as one chooses. */
async function take(page, file) {
  const found = read(await file.text());
  if (typeof found === "string") {
    tell(page, page.say(`bad.${found}`, {file: file.name}));
    return;
  }
  const before = progress();
  const question = page.say("import_ask", {what: contents(page, found), here: contents(page, before)});
  const choices = [["merge", page.say("merge")], ["replace", page.say("replace")]];
  const choice = isEmpty(before) ? "replace" : await ask(page, question, choices);
  if (choice === "merge") merge(found);
  else if (choice === "replace") replaceAll(found);
  else return;
  tell(page, page.say("imported", {what: contents(page, found)}), before);
}

function isEmpty(data) {
  return !data.plan && !Object.keys(data.lessons).length && !Object.keys(data.topics).length;
}

/** Say what there is: "3 lessons, 5 topics, a plan". */
function contents(page, data) {
  const counts = ["lessons", "topics"].map((kind) => page.say(`holds.${kind}`, {n: Object.keys(data[kind]).length}));
  return [...counts, ...(data.plan ? [page.say("holds.plan")] : [])].join(", ");
}

/** Ask in a dialogue; return the value of the chosen button, "" for cancel. */
function ask(page, text, choices) {
  const button = ([value, label]) => make("button", {value, class: "mm-action", autofocus: !value}, label);
  const form = make("form", {method: "dialog"}, make("p", {id: "mm-asked"}, text));
  form.append(make("p", {class: "mm-actions"}, ...choices.map(button), button(["", page.say("cancel")])));
  const dialog = make("dialog", {class: "mm-dialog md-typeset", "aria-labelledby": "mm-asked"}, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
  });
}

/** Say what happened, with a way back to `before` where there is one. */
function tell(page, text, before = null) {
  const undo = make("button", {type: "button", class: "mm-action"}, page.say("undo"));
  undo.addEventListener("click", () => {
    replaceAll(before);
    tell(page, page.say("undone"));
    page.find("import").focus();
  });
  page.find("said").replaceChildren(text, ...(before && !isEmpty(before) ? [" ", undo] : []));
}
