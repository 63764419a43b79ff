// What this browser keeps for a learner: lessons ("course/lesson") and topics that are marked, each with the day
// on which it was, and one saved plan. Ids that the guide no longer has stay as they are. Without storage (a
// private window, a full disk) everything lasts as long as the page.

const KINDS = ["lessons", "topics"];
const FORMAT = "moocmap-progress";
const VERSION = 1;
const DAY = /^\d{4}-\d\d-\d\d$/;
const watchers = new Set();
let memory = null; // what could not be kept in the browser

/** Return the name under which this site keeps what it knows: sites on one host must not share it. */
function key() {
  const base = document.querySelector("[data-mm-root]")?.dataset.mmRoot ?? ".";
  return `${FORMAT}:${new URL(base, location.href).pathname}`;
}

/** Return `{lessons: {id: day}, topics: {id: day}, plan}`, empty where nothing usable is kept. */
export function progress() {
  if (memory) return structuredClone(memory);
  try {
    return usable(JSON.parse(localStorage.getItem(key()))) ?? empty();
  } catch {
    return empty();
  }
}

/** Tell whether the browser keeps what is marked beyond this page. */
export function isKept() {
  try {
    const probe = `${key()}:probe`;
    localStorage.setItem(probe, "1");
    localStorage.removeItem(probe);
    return !memory;
  } catch {
    return false;
  }
}

/** Tell whether a lesson or topic is marked. `kind` is "lessons" or "topics". */
export function isDone(kind, id) {
  return Object.hasOwn(progress()[kind], id);
}

/** Mark lessons or topics (one id or many), or take the marks away. Marks that are there keep their day. */
export function setDone(kind, ids, done) {
  const now = progress();
  for (const id of [ids].flat()) {
    if (!done) delete now[kind][id];
    else if (!Object.hasOwn(now[kind], id)) now[kind][id] = today();
  }
  keep(now);
}

/** Return the saved plan, `{saved: day, inputs, lessons}`, or null. */
export function savedPlan() {
  return progress().plan;
}

/**
 * Save a plan in place of an earlier one, or none with `inputs` null. `inputs` is whatever makes the plan again
 * (an object that JSON can hold); `lessons` are its lessons in their order, as "course/lesson".
 */
export function savePlan(inputs, lessons = []) {
  keep({...progress(), plan: inputs && {saved: today(), inputs, lessons: [...lessons]}});
}

/** Replace everything by `data`, as `progress` or `read` returned it. */
export function replaceAll(data) {
  keep(data);
}

/** Add `data`, as `read` returned it: the earlier day counts, and a plan only where none is saved. */
export function merge(data) {
  const now = progress();
  for (const kind of KINDS) {
    for (const [id, day] of Object.entries(data[kind])) {
      if (!(now[kind][id] <= day)) now[kind][id] = day;
    }
  }
  keep({...now, plan: now.plan ?? data.plan});
}

/** Return the progress as an object to be saved as a JSON file. */
export function asFile() {
  return {format: FORMAT, version: VERSION, ...progress()};
}

/** Return what a file's text holds, or the name of what is wrong: "json", "format", "version" or "empty". */
export function read(text) {
  let data;
  try {
    data = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    return "json";
  }
  if (data?.format !== FORMAT) return "format";
  const found = usable(data);
  if (!found) return "version";
  return found.plan || KINDS.some((kind) => Object.keys(found[kind]).length) ? found : "empty";
}

/** Call `watcher` after every change, also of another window of this site. */
export function onChange(watcher) {
  watchers.add(watcher);
}

function empty() {
  return {lessons: {}, topics: {}, plan: null};
}

function today() {
  const now = new Date();
  const two = (number) => String(number).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

/** Return the usable part of what was read, or null when it is none of ours. */
function usable(data) {
  if (data?.format !== FORMAT || data.version !== VERSION) return null;
  const found = empty();
  for (const kind of KINDS) {
    const days = Object.entries(data[kind] ?? {}).filter(([, day]) => isDay(day));
    found[kind] = Object.fromEntries(days);
  }
  const {plan} = data;
  if (isObject(plan) && isDay(plan.saved) && isObject(plan.inputs) && Array.isArray(plan.lessons)) {
    const lessons = plan.lessons.filter((id) => typeof id === "string");
    found.plan = {saved: plan.saved, inputs: plan.inputs, lessons};
  }
  return found;
}

function isDay(value) {
  return typeof value === "string" && DAY.test(value) && !Number.isNaN(Date.parse(`${value}T12:00`));
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function keep(now) {
  try {
    localStorage.setItem(key(), JSON.stringify({format: FORMAT, version: VERSION, ...now}));
    memory = null;
  } catch {
    memory = now; // nothing is lost while the page stays open
  }
  tell();
}

function tell() {
  for (const watcher of watchers) watcher();
}

addEventListener("storage", (event) => {
  if (event.key === key() || event.key === null) tell();
});
addEventListener("pageshow", (event) => {
  if (event.persisted) tell(); // back from the browser's memory, which heard of no change
});
