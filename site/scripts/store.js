// What a learner has marked as done, kept in this browser: lessons ("course/lesson") and topics, each with
// the day on which it was marked. Without storage (a private window, a full disk) it lasts as long as the page.

const KINDS = ["lessons", "topics"];
const FORMAT = "moocmap-progress";
const watchers = new Set();
let memory = null;

/** Return the name under which this site keeps what it knows: sites on one host must not share it. */
function key() {
  const base = document.querySelector("[data-mm-root]")?.dataset.mmRoot ?? ".";
  return `${FORMAT}:${new URL(base, location.href).pathname}`;
}

/** Return `{lessons: {id: day}, topics: {id: day}}`, empty where nothing usable is kept. */
export function progress() {
  try {
    return checked(JSON.parse(localStorage.getItem(key()))) ?? memory ?? empty();
  } catch {
    return memory ?? empty();
  }
}

/** Tell whether a lesson or topic is marked. `kind` is "lessons" or "topics". */
export function isDone(kind, id) {
  return id in progress()[kind];
}

/** Mark a lesson or topic, or take the mark away. */
export function setDone(kind, id, done) {
  const now = progress();
  if (done) now[kind][id] = new Date().toISOString().slice(0, 10);
  else delete now[kind][id];
  keep(now);
}

/** Replace everything by `data`, as `asFile` wrote it. Throws an Error when it is none of ours. */
export function replaceAll(data) {
  const found = checked(data);
  if (!found) throw new Error("no progress of this guide");
  keep(found);
}

/** Return the progress as an object to be saved as a JSON file. */
export function asFile() {
  return {format: FORMAT, version: 1, ...progress()};
}

/** Call `watcher` after every change, also of another window of this site. */
export function onChange(watcher) {
  watchers.add(watcher);
}

function empty() {
  return Object.fromEntries(KINDS.map((kind) => [kind, {}]));
}

/** Return the usable part of what was read, or null when it is none of ours. */
function checked(data) {
  if (data?.format !== FORMAT || data.version !== 1) return null;
  const usable = empty();
  for (const kind of KINDS) {
    for (const [id, day] of Object.entries(data[kind] ?? {})) {
      if (typeof day === "string") usable[kind][id] = day;
    }
  }
  return usable;
}

function keep(now) {
  memory = now;
  try {
    localStorage.setItem(key(), JSON.stringify({format: FORMAT, version: 1, ...now}));
  } catch {
    // Nothing is lost while the page stays open.
  }
  for (const watcher of watchers) watcher();
}

addEventListener("storage", (event) => {
  if (event.key === key()) for (const watcher of watchers) watcher();
});
