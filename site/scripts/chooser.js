// The questionnaire: points and reasons for each course, by the rules of src/moocmap/curriculum/choose.py.
// Which courses an effect meets is in the page's data; tests hold the ranking against Python's.

import {addressState, make, pageData, setAddressState} from "./page.js";
import {speaker} from "./words.js";

const OTHERS = 3;

/**
 * Return the places of all courses, the most suitable first, each with its points and reasons.
 * `effects` are lists of points (0: drops out), reason and places, by question and answer.
 */
export function recommend(count, effects, answers) {
  const found = Array.from({length: count}, (_, place) => ({place, points: 0, reasons: [], exclusions: []}));
  for (const [question, byAnswer] of Object.entries(effects)) {
    for (const [points, because, places] of byAnswer[answers[question]] ?? []) {
      for (const place of places) {
        found[place].points += points;
        if (points) found[place].reasons.push({points, because});
        else found[place].exclusions.push(because);
      }
    }
  }
  const isOut = (one) => Number(one.exclusions.length > 0);
  return found.sort(
    (a, b) =>
      isOut(a) - isOut(b) ||
      b.points - a.points ||
      a.exclusions.length - b.exclusions.length ||
      a.place - b.place,
  );
}

/** Start the questionnaire: `root` holds its form and the place of its result. */
export function startChooser(root) {
  const data = pageData("mm-chooser-data");
  if (!data.courses.length) return;
  const form = root.querySelector("form");
  const page = {
    ...data,
    root,
    say: speaker(data.words),
    find: (name) => root.querySelector(`[data-mm-${name}]`),
    questions: Object.keys(data.effects),
    courses: data.courses.map(([id, title, facts, summary]) => ({
      id,
      title,
      facts,
      summary,
      href: root.dataset.mmCoursePage.replace("*", id),
    })),
  };
  const readAddress = () => {
    const state = addressState();
    for (const question of page.questions) choose(form, question, state.get(question));
    show(page, answersIn(form, page.questions));
  };
  form.addEventListener("change", () => {
    const answers = answersIn(form, page.questions);
    setAddressState(new URLSearchParams(answers));
    show(page, answers);
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    setAddressState(new URLSearchParams());
    readAddress();
    form.querySelector("input:checked").focus();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("popstate", readAddress);
  readAddress();
  root.hidden = false;
  document.querySelector("[data-mm-by-hand]").open = false;
}

/** Tick an answer; one that there is not means none. */
function choose(form, question, answer) {
  const boxes = [...form.elements.namedItem(question)];
  (boxes.find((box) => box.value === answer) ?? boxes.at(-1)).checked = true;
}

/** Return the answers that are given, by question. */
function answersIn(form, questions) {
  const given = questions.map((question) => [question, form.elements.namedItem(question).value]);
  return Object.fromEntries(given.filter(([, answer]) => answer));
}

function show(page, answers) {
  const {say, find} = page;
  const given = Object.keys(answers).length;
  const ranking = given ? recommend(page.courses.length, page.effects, answers) : [];
  const fitting = ranking.filter((one) => one.exclusions.length === 0);
  const [best, ...others] = fitting;
  const out = ranking.slice(fitting.length);
  const progress = say("answered", {n: given, all: page.questions.length});
  const title = best && page.courses[best.place].title;
  const headline = !given ? say("nothing") : best ? say("best", {course: title}) : say("none_fits");
  find("said").replaceChildren(make("span", {class: best ? "mm-hidden" : null}, `${headline} `), given ? progress : "");
  find("best").replaceChildren(...(best ? bestOf(page, best, others) : []));
  list(page, "others", others.slice(0, OTHERS), others.length);
  list(page, "rest", others.slice(OTHERS), others.length - OTHERS);
  list(page, "dropped", out, out.length);
  showWays(page, fitting.slice(0, OTHERS));
  const bar = find("bar");
  bar.hidden = !best;
  bar.firstElementChild.textContent = headline;
}

/** Return the recommended course in full. */
function bestOf(page, best, others) {
  const course = page.courses[best.place];
  const equal = others.filter((one) => one.points === best.points).map((one) => page.courses[one.place].title);
  return [
    make("p", {class: "mm-choice__title"}, make("a", {href: course.href}, course.title)),
    make("p", {class: "mm-quiet"}, course.facts),
    make("p", {}, course.summary),
    ...reasons(page, best),
    ...(equal.length ? [make("p", {class: "mm-quiet"}, page.say("equal", {courses: equal.join(", ")}))] : []),
  ];
}

/** Return lists of what speaks for and against a course, and how many points that makes. */
function reasons(page, one) {
  const part = (key, texts) =>
    texts.length
      ? [
          make("p", {class: "mm-reasons__head"}, page.say(key)),
          make("ul", {class: `mm-reasons mm-reasons--${key}`}, ...[...new Set(texts)].map((text) => make("li", {}, text))),
        ]
      : [];
  const texts = (holds) => one.reasons.filter(({points}) => holds(points)).map(({because}) => because);
  return [
    ...part("out", one.exclusions),
    ...part("for", texts((points) => points > 0)),
    ...part("against", texts((points) => points < 0)),
  ];
}

/** Show courses in the list with this name, or hide it. */
function list(page, name, ranked, n) {
  const box = page.find(`list="${name}"`);
  box.hidden = ranked.length === 0;
  const summary = box.querySelector("summary");
  if (summary && n > 0) summary.textContent = page.say(name, {n});
  const entries = ranked.map((one) => {
    const course = page.courses[one.place];
    const points = make("span", {class: "mm-quiet"}, page.say("points", {n: one.points}));
    const isOut = one.exclusions.length > 0;
    const said = isOut ? reasons(page, {...one, reasons: []}) : [points, ...reasons(page, one)];
    return make("li", {}, make("a", {href: course.href}, course.title), " ", ...said);
  });
  box.querySelector(".mm-ranking").replaceChildren(...entries);
}

/** Lead on: to the course, to a comparison of the first ones, to a plan. */
function showWays(page, first) {
  const {mmComparePage, mmPlannerPage} = page.root.dataset;
  const ids = first.map((one) => page.courses[one.place].id);
  const way = (key, href) => make("a", {class: "mm-action", href}, page.say(key, {n: ids.length}));
  page.find("ways").replaceChildren(
    ...(ids.length > 1 ? [way("compare", `${mmComparePage}?courses=${ids.join(",")}`)] : []),
    ...(ids.length ? [way("plan", `${mmPlannerPage}?only=${ids[0]}`)] : []),
  );
}
