// The planner's page: what one knows and wants, all of it in the address, and the plan that follows from it.
import {addressState, download, make, pageData, setAddressState} from "./page.js";
import {startPicker} from "./picker.js";
import {allowedCourses, DEPTHS, findPlan, knowledge, planData, readGuide, untaught} from "./plan.js";
import {showPlan} from "./plan_view.js";
import {isKept, onChange, progress, savedPlan, savePlan} from "./store.js";
import {calendar, weeklyMinutes, weeksOf} from "./weeks.js";
import {longDate, speaker} from "./words.js";

const FORMAT = "moocmap-plan";
/** The parameters of the address that may stand several times, or with commas. */
const LISTS = ["goal", "area", "know", "finished", "only", "exclude"];
const SWITCHES = ["free", "superseded"];
const STANDARD = {depth: "explains", prerequisites: "uses", "hours-per-week": "5", language: "", start: ""};
/** Milliseconds: of work at a time, before the search is mentioned, and before it is given up. */
const [SLICE, PATIENCE, LIMIT] = [12, 200, 20000];

export function startPlanner(root) {
  const data = pageData("mm-planner-data");
  const page = {
    root,
    data,
    guide: readGuide(data),
    say: speaker(data.words),
    find: (name) => root.querySelector(`[data-mm-${name}]`),
    form: root.querySelector("form"),
    turn: 0,
  };
  document.querySelector("[data-mm-planner-plain]").hidden = true;
  root.hidden = false;
  startPickers(page);
  startFields(page);
  startActions(page);
  onChange(() => showKept(page));
  const asked = addressState().toString();
  read(page, asked || String(savedPlan()?.inputs.query ?? ""));
  addEventListener("popstate", () => read(page, addressState().toString()));
}

// What is asked for --------------------------------------------------------------------------------------

/** Take over what an address's parameters ask for; what the guide does not know is named and left out. */
function read(page, query) {
  const {guide} = page;
  const asked = {lists: [], switches: new Set(), ...STANDARD};
  const unknown = [];
  for (const [name, value] of new URLSearchParams(query)) {
    if (LISTS.includes(name)) {
      for (const id of value.split(",").map((word) => word.trim()).filter(Boolean)) {
        const entry = entryOf(guide, name, id);
        if (!entry) unknown.push(id);
        else if (!asked.lists.some((one) => isSame(one, entry))) asked.lists.push(entry);
      }
    } else if (SWITCHES.includes(name) && !["0", "no", "false"].includes(value)) asked.switches.add(name);
    else if (name === "hours-per-week" ? value : isPossible(page, name, value)) asked[name] = value;
  }
  page.asked = asked;
  for (const name of Object.keys(STANDARD)) page.form.elements[name].value = asked[name];
  for (const name of SWITCHES) page.form.elements[name].checked = asked.switches.has(name);
  tell(page, unknown.length ? page.say("unknown", {n: unknown.length, ids: unknown.join(", ")}) : "");
  update(page);
}

/** Return what a parameter's word names; `know` may name a course too, as on the command line. */
function entryOf(guide, name, id) {
  if (name === "goal") return guide.topicOf.has(id) && {name, id};
  if (name === "area") return guide.areaOf.has(id) && {name, id};
  if (name === "know" && guide.topicOf.has(id)) return {name, id};
  if (name === "know" || name === "finished") return guide.courseOf.has(id) && {name: "finished", id};
  return guide.courseOf.has(id) && {name, id};
}

function isPossible({guide}, name, value) {
  if (name === "depth" || name === "prerequisites") return DEPTHS.includes(value);
  if (name === "language") return guide.courses.some(({language}) => language === value);
  return name === "start" && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value));
}

const isSame = (a, b) => a.name === b.name && a.id === b.id;
const idsOf = ({asked}, name) => asked.lists.filter((one) => one.name === name).map(({id}) => id);

/** Return the address's parameters that ask for the same again. */
function queryOf({asked}) {
  const parameters = new URLSearchParams(asked.lists.map(({name, id}) => [name, id]));
  for (const [name, standard] of Object.entries(STANDARD)) {
    if (asked[name] !== standard) parameters.set(name, asked[name]);
  }
  for (const name of asked.switches) parameters.set(name, "1");
  return parameters;
}

function nameOf({guide}, {name, id}) {
  if (name === "area") return guide.areas[guide.areaOf.get(id)].name;
  if (name === "goal" || name === "know") return guide.topics[guide.topicOf.get(id)].name;
  return guide.courses[guide.courseOf.get(id)].name;
}

function startPickers(page) {
  const {guide, say} = page;
  const topics = (name) => guide.topics.map((one) => (
    {name, id: one.id, title: one.name, where: guide.areas[one.area].name, words: one.words}));
  const courses = (name) => guide.courses.map((one) => ({name, id: one.id, title: one.name, where: say("course"), words: []}));
  const areas = guide.areas.map(({id, name: title}, place) => {
    const n = guide.topics.filter(({area}) => area === place).length;
    return {name: "area", id, title, where: say("area", {n}), words: [], n};
  }).filter(({n}) => n);
  const entries = {
    goal: [...areas, ...topics("goal")],
    know: [...topics("know"), ...courses("finished")],
    only: courses("only"),
    exclude: courses("exclude"),
  };
  page.areas = areas;
  for (const [name, found] of Object.entries(entries)) {
    const place = page.find(`picker="${name}"`);
    startPicker(place, found, say, {
      isPicked: (entry) => page.asked.lists.some((one) => isSame(one, entry)),
      pick: (entry) => add(page, [entry]),
    });
  }
}

/** Add entries to what is asked for; return how many are new. */
function add(page, entries) {
  const added = entries.filter((entry) => !page.asked.lists.some((one) => isSame(one, entry)));
  page.asked.lists.push(...added.map(({name, id}) => ({name, id})));
  if (added.length) update(page);
  return added.length;
}

function startFields(page) {
  page.form.addEventListener("submit", (event) => event.preventDefault());
  page.form.addEventListener("change", ({target}) => {
    if (target.name in STANDARD) page.asked[target.name] = target.value;
    else if (SWITCHES.includes(target.name)) page.asked.switches[target.checked ? "add" : "delete"](target.name);
    else return;
    update(page);
  });
}

/** Show what is asked for, keep it in the address, and look for the plan. */
function update(page) {
  const {asked, say, form} = page;
  setAddressState(queryOf(page));
  for (const place of page.root.querySelectorAll("[data-mm-picker]")) showPicked(page, place);
  const tastes = [...idsOf(page, "only"), ...idsOf(page, "exclude"), ...asked.switches].length
    + (asked.language !== "") + (asked.prerequisites !== STANDARD.prerequisites);
  page.find("taste").textContent = tastes ? say("taste", {n: tastes}) : "";
  const hours = Number(asked["hours-per-week"]);
  page.hours = hours > 0 && hours <= 168 ? hours : null;
  form.querySelector(".mm-planner__wrong").hidden = page.hours !== null;
  form.elements["hours-per-week"].setAttribute("aria-invalid", String(page.hours === null));
  showKept(page);
  look(page);
}

/** Show what is picked as a list of which each can be removed. */
function showPicked(page, place) {
  const names = {goal: ["goal", "area"], know: ["know", "finished"]}[place.dataset.mmPicker] ?? [place.dataset.mmPicker];
  const list = place.querySelector(".mm-picked");
  list.replaceChildren(...page.asked.lists.filter(({name}) => names.includes(name)).map((entry) => {
    const name = nameOf(page, entry);
    const n = page.areas.find(({id}) => id === entry.id)?.n;
    const label = entry.name === "area" ? `${name} (${page.say("area", {n})})` : name;
    const shown = entry.name === "finished" ? page.say("finished", {name}) : label;
    const remove = make("button", {type: "button", "aria-label": page.say("remove", {name})}, "×");
    remove.addEventListener("click", () => {
      const at = [...list.children].indexOf(remove.parentElement);
      page.asked.lists = page.asked.lists.filter((one) => one !== entry);
      update(page);
      (list.children[Math.min(at, list.children.length - 1)]?.querySelector("button") ?? place.querySelector("input")).focus();
    });
    return make("li", {}, make("span", {}, shown), remove);
  }));
}

// The search ---------------------------------------------------------------------------------------------

/** Look for the plan in slices, so that the page stays alive; the next input ends the search. */
function look(page) {
  const {guide, asked} = page;
  const turn = page.turn += 1;
  page.plan = null;
  const input = {
    depth: DEPTHS.indexOf(asked.depth),
    prerequisites: DEPTHS.indexOf(asked.prerequisites),
    known: knowledge(guide, idsOf(page, "know"), idsOf(page, "finished")),
    courses: allowedCourses(guide, {
      only: idsOf(page, "only"),
      exclude: idsOf(page, "exclude"),
      language: asked.language,
      free: asked.switches.has("free"),
      superseded: asked.switches.has("superseded"),
    }),
  };
  const areas = guide.topics.filter(({area}) => idsOf(page, "area").includes(guide.areas[area].id));
  page.leftOut = untaught(guide, {...input, goals: areas.map(({id}) => id)});
  input.goals = asked.lists.flatMap(({name, id}) => {
    if (name !== "area") return name === "goal" ? [id] : [];
    return areas.filter((topic) => guide.areas[topic.area].id === id && !page.leftOut.includes(topic.id)).map((one) => one.id);
  });
  const missing = untaught(guide, input);
  if (!input.goals.length && !page.leftOut.length) return showStart(page);
  if (!input.courses.length) return showUntaught(page, [], input);
  if (!input.goals.length) return showUntaught(page, page.leftOut, input);
  if (missing.length) return showUntaught(page, missing, input);
  const key = JSON.stringify([input.goals, input.depth, input.prerequisites, [...input.known], input.courses.map(({id}) => id)]);
  if (page.last?.key === key) return show(page, page.last.plan);
  const begun = performance.now();
  page.limit = Number(page.root.dataset.mmLimit ?? LIMIT);
  const search = findPlan(guide, input, () => performance.now() - begun < page.limit);
  const slice = () => {
    if (page.turn !== turn) return;
    const now = performance.now();
    let step;
    do step = search.next(); while (!step.done && performance.now() - now < SLICE);
    if (step.done) {
      page.last = {key, plan: step.value};
      show(page, step.value);
      return;
    }
    if (now - begun > PATIENCE) {
      page.root.setAttribute("aria-busy", "true");
      const seconds = Math.floor((now - begun) / 1000);
      if (page.seconds !== seconds) page.find("said").textContent = page.say("searching", {n: seconds});
      page.seconds = seconds;
    }
    setTimeout(slice);
  };
  slice();
}

function show(page, plan) {
  page.plan = plan;
  page.weeks = page.hours === null ? [] : weeksOf(plan.steps, weeklyMinutes(page.hours));
  showPlan(page, {
    plan,
    weeks: page.weeks,
    hours: page.hours,
    start: startOf(page),
    wanted: DEPTHS.indexOf(page.asked.depth),
    leftOut: page.leftOut,
    limit: Math.round(page.limit / 1000),
  });
  settle(page);
}

/** Return the first day of the plan: the one that is asked for, or today. */
function startOf({asked}) {
  if (asked.start) return asked.start;
  const now = new Date();
  return new Date(now - now.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
}

function showStart(page) {
  const areas = page.areas.map((area) => {
    const button = make("button", {type: "button", class: "mm-chip-button"}, area.title);
    button.addEventListener("click", () => {
      add(page, [area]);
      page.root.querySelector("#plan").focus();
    });
    return make("li", {}, button);
  });
  showTrouble(page, page.say("start"), [make("ul", {class: "mm-plan__areas"}, ...areas)]);
}

function showUntaught(page, missing, {courses}) {
  const {say, guide, asked} = page;
  const names = missing.map((id) => nameOf(page, {name: "goal", id})).join(", ");
  const drop = make("button", {type: "button", class: "mm-action"}, say("drop", {n: missing.length}));
  drop.addEventListener("click", () => {
    asked.lists = asked.lists.filter(({name, id}) => name !== "goal" || !missing.includes(id));
    update(page);
  });
  const allow = make("button", {type: "button", class: "mm-action"}, say("allow"));
  allow.addEventListener("click", () => {
    page.form.elements.superseded.click();
    page.root.querySelector("#plan").focus();
  });
  const isGoal = asked.lists.some(({name, id}) => name === "goal" && missing.includes(id));
  const loosen = make("button", {type: "button", class: "mm-action"}, say("loosen"));
  loosen.addEventListener("click", () => {
    asked.lists = asked.lists.filter(({name}) => name !== "only" && name !== "exclude");
    asked.switches.delete("free");
    asked.language = "";
    read(page, queryOf(page).toString());
    page.root.querySelector("#plan").focus();
  });
  const isChoosy = idsOf(page, "only").length || idsOf(page, "exclude").length || asked.language || asked.switches.has("free");
  const isOlder = guide.courses.some((course) => !course.current && !courses.includes(course));
  showTrouble(page, courses.length ? say("untaught", {n: missing.length, topics: names}) : say("no_course"), [
    make("p", {class: "mm-actions"}, ...(isGoal ? [drop] : []), ...(isOlder && !asked.switches.has("superseded") ? [allow] : []),
      ...(isChoosy ? [loosen] : [])),
  ]);
}

/** Say why there is no plan, and what one can do. */
function showTrouble(page, text, ways) {
  page.find("said").textContent = text;
  page.find("found").replaceChildren(...ways);
  settle(page);
}

/** Bring the buttons to what there is now. */
function settle(page) {
  page.root.removeAttribute("aria-busy");
  page.seconds = null;
  const has = Boolean(page.plan?.steps.length);
  for (const name of ["save", "print", "export"]) page.find(`do="${name}"`).hidden = !has;
  page.find('do="ics"').hidden = !has || !page.weeks.length;
  page.find('do="share"').hidden = !page.asked.lists.length;
  const jump = page.find("jump");
  jump.hidden = !has;
  jump.firstChild.textContent = has ? page.find("said").textContent.split(" · ").slice(0, 3).join(" · ") : "";
  page.find("command").hidden = !page.plan || page.hours === null;
  if (page.plan) page.find("command").querySelector("code").textContent = commandOf(page);
  showKept(page);
}

/** Write the command that finds the same plan. */
function commandOf(page) {
  const {asked, plan, guide} = page;
  const options = [
    ["goal", plan.goals.map(({topic}) => guide.topics[topic].id)],
    ["know", [...idsOf(page, "know"), ...idsOf(page, "finished")]],
    ...["depth", "prerequisites"].map((name) => [name, asked[name] === STANDARD[name] ? [] : [asked[name]]]),
    ["hours-per-week", [String(page.hours)]],
    ["start", [startOf(page)]],
    ["courses", idsOf(page, "only")],
    ["exclude", idsOf(page, "exclude")],
    ["language", asked.language ? [asked.language] : []],
  ];
  const said = options.filter(([, values]) => values.length).map(([name, values]) => `--${name} ${values.join(",")}`);
  if (asked.switches.has("free")) said.push("--free");
  if (asked.switches.has("superseded")) said.push("--allow-superseded");
  return ["moocmap plan", ...said, `--locale ${document.documentElement.lang} --ics plan.ics`].join(" ");
}

// Keeping, sharing, taking over --------------------------------------------------------------------------

function startActions(page) {
  const {say} = page;
  const does = {
    save() {
      page.asked.start = startOf(page); // a kept plan does not move on from day to day
      page.form.elements.start.value = page.asked.start;
      setAddressState(queryOf(page));
      savePlan({query: queryOf(page).toString()}, page.plan.steps.map(({lesson}) => `${lesson.course.id}/${lesson.id}`));
      tell(page, say(isKept() ? "saved" : "unkept"));
    },
    share: () => copy(page, location.href),
    command: () => copy(page, page.find("command").querySelector("code").textContent),
    ics() {
      const goals = page.plan.goals.map(({topic}) => page.guide.topics[topic].id);
      const text = calendar(goals, page.weeks, startOf(page));
      if (text) download("plan.ics", "text/calendar", text);
      tell(page, say(text ? "exported" : "late"));
    },
    print: () => print(),
    export() {
      const file = {format: FORMAT, version: 1, query: queryOf(page).toString(), start: startOf(page), plan: planData(page.guide, page.plan)};
      download("plan.json", "application/json", `${JSON.stringify(file, null, 2)}\n`);
      tell(page, say("exported"));
    },
    import: () => page.find("file").click(),
    clear() {
      read(page, "");
      page.root.querySelector("#mm-pick-goal").focus();
    },
    take() {
      const n = add(page, ticked(page));
      tell(page, say("taken", {n}));
      page.root.querySelector("#mm-pick-know").focus();
    },
  };
  for (const [name, act] of Object.entries(does)) page.find(`do="${name}"`).addEventListener("click", act);
  page.find("file").addEventListener("change", async ({target}) => {
    const [file] = target.files;
    if (!file) return;
    const found = readFile(await file.text());
    target.value = "";
    if (found === null) tell(page, say("bad_file", {file: file.name}));
    else {
      read(page, found);
      if (!page.find("told").textContent) tell(page, say("imported"));
    }
  });
}

function readFile(text) {
  try {
    const data = JSON.parse(text.replace(/^\uFEFF/, ""));
    return data?.format === FORMAT && data.version === 1 && typeof data.query === "string" ? data.query : null;
  } catch {
    return null;
  }
}

/** Return what the ticks of this browser say that one knows: topics, finished courses, and topics that were explained. */
function ticked({guide, asked}) {
  const now = progress();
  const found = guide.topics.filter(({id}) => Object.hasOwn(now.topics, id)).map(({id}) => ({name: "know", id}));
  for (const course of guide.courses) {
    const done = course.lessons.filter((lesson) => Object.hasOwn(now.lessons, `${course.id}/${lesson.id}`));
    if (done.length === course.lessons.length) found.push({name: "finished", id: course.id});
    else {
      const taught = done.flatMap((lesson) => lesson.taught).filter(({depth}) => depth >= DEPTHS.indexOf("explains"));
      found.push(...taught.map(({topic}) => ({name: "know", id: guide.topics[topic].id})));
    }
  }
  const isNew = (entry, place) => found.findIndex((one) => isSame(one, entry)) === place;
  return found.filter(isNew).filter((entry) => !asked.lists.some((one) => isSame(one, entry)));
}

/** Show what this browser keeps beside what is asked for: ticks to take over, another plan. */
function showKept(page) {
  const {say} = page;
  const n = ticked(page).length;
  const take = page.find('do="take"');
  take.textContent = say("take", {n});
  take.hidden = n === 0;
  page.find("no-ticks").hidden = n > 0;
  const saved = savedPlan();
  const query = String(saved?.inputs.query ?? "");
  const isThis = query === queryOf(page).toString();
  page.find('do="save"').textContent = say(saved && isThis ? "saved_already" : "save");
  const place = page.find("kept");
  place.hidden = !query || isThis;
  if (place.hidden) return;
  const open = make("button", {type: "button", class: "mm-action"}, say("kept_open"));
  open.addEventListener("click", () => read(page, query));
  const join = make("button", {type: "button", class: "mm-action"}, say("kept_add"));
  join.addEventListener("click", () => {
    const mine = page.asked.lists;
    read(page, query);
    add(page, mine);
  });
  place.replaceChildren(say("kept", {day: longDate(saved.saved)}), " ", open, ...(page.asked.lists.length ? [" ", join] : []));
}

async function copy(page, text) {
  try {
    await navigator.clipboard.writeText(text);
    tell(page, page.say("copied"));
  } catch {
    tell(page, page.say("copy", {text}));
  }
}

function tell(page, text) {
  page.find("told").textContent = text;
}
