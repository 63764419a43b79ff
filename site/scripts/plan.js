// The shortest way from what one knows to what one wants to know. src/moocmap/curriculum/plan.py defines it
// in seven points; this finds the same plan, and tests hold the two against each other.
import {cheapestCover} from "./set_cover.js";

export const DEPTHS = ["mentions", "uses", "explains", "implements"];
const EXPLAINS = 2;

/** Name what the page's data (planner_data.py) hold: areas, topics, courses, and places by id. */
export function readGuide(data) {
  const topics = data.topics.map(([id, name, area, requires, words]) => ({id, name, area, requires, words}));
  const courses = data.courses.map(([id, name, language, free, current, url, lessons], place) => {
    const course = {id, name, language, free, current, url, place};
    course.lessons = lessons.map(([lessonId, title, address, hours, codes]) => ({
      course,
      id: lessonId,
      title,
      url: address || url,
      hours: hours ?? [data.estimate / 60, data.estimate / 60],
      minutes: hours ? Math.floor((hours[0] + hours[1]) * 30 + 0.5) : data.estimate,
      isEstimated: !hours,
      taught: codes.map((code) => ({topic: code >> 2, depth: code & 3})),
    }));
    return course;
  });
  const areas = data.areas.map(([id, name]) => ({id, name}));
  const byId = (list) => new Map(list.map((one, place) => [one.id, place]));
  return {areas, topics, courses, areaOf: byId(areas), topicOf: byId(topics), courseOf: byId(courses)};
}

/** Return the places of these topics and of everything that they require, directly or through others. */
export function presupposed(guide, places) {
  const found = new Set();
  const pending = [...places];
  while (pending.length) {
    const place = pending.pop();
    if (!found.has(place)) {
      found.add(place);
      pending.push(...guide.topics[place].requires);
    }
  }
  return found;
}

/** Return by topic's place how far one knows it, from -1 for not at all to 3. */
export function knowledge(guide, topicIds, courseIds) {
  const known = new Int8Array(guide.topics.length).fill(-1);
  const deepen = (places, depth) => {
    for (const place of presupposed(guide, places)) known[place] = Math.max(known[place], depth);
  };
  deepen(topicIds.map((id) => guide.topicOf.get(id)), 3);
  for (const id of courseIds) {
    for (const lesson of guide.courses[guide.courseOf.get(id)].lessons) {
      for (const {topic, depth} of lesson.taught) deepen([topic], depth);
    }
  }
  return known;
}

/** Return the courses from which lessons may be chosen; superseded ones only when asked for or named. */
export function allowedCourses(guide, {only, exclude, language, free, superseded}) {
  return guide.courses.filter((course) =>
    (!only.length || only.includes(course.id)) && !exclude.includes(course.id) &&
    (!language || course.language === language) && (!free || course.free) &&
    (superseded || course.current || only.includes(course.id)));
}

/** Return the ids of the goals that none of these lessons teaches and that are not known. */
export function untaught(guide, {goals, depth, known, courses}) {
  const offered = deepest(guide, lessonsOf(courses));
  return goals.filter((id) => {
    const place = guide.topicOf.get(id);
    return known[place] < depth && offered[place] < 0;
  });
}

/**
 * Find the plan; a generator, so that the page stays alive: it yields now and then, and returns the plan.
 * `goals` are topics' ids that `untaught` does not name, `known` comes from `knowledge`, `courses` from
 * `allowedCourses`; `depth` and `prerequisites` are ranks. `isProven` is false where `mayGoOn` ended the search.
 */
export function* findPlan(guide, {goals, depth, prerequisites, known, courses}, mayGoOn = () => true) {
  const lessons = lessonsOf(courses);
  const offered = deepest(guide, lessons);
  const aims = [...new Set(goals)].map((id) => aim(guide.topicOf.get(id), depth, known, offered));
  const needs = needsOf(guide, lessons, aims.filter((one) => !one.isKnown), known, prerequisites, offered);
  const useful = lessons.map((lesson, index) => ({lesson, index, ...broughtBy(lesson, needs)}));
  const cover = yield* cheapestCover(lessons.map((one) => one.minutes), useful.map((one) => one.covered),
    needs.depths.keys(), mayGoOn);
  yield;
  const steps = stepsOf(inOrder(cover.chosen.map((index) => useful[index])), needs);
  return {
    goals: aims,
    steps,
    assumed: [...needs.assumed].sort((a, b) => a - b),
    minutes: sum(steps.map((step) => step.lesson.minutes)),
    hours: [0, 1].map((end) => sum(steps.map((step) => step.lesson.hours[end]))),
    isProven: cover.isProven,
  };
}

/** Return a plan as plain data, as `moocmap plan --format json` prints it. */
export function planData(guide, plan) {
  const ids = (places) => places.map((place) => guide.topics[place].id);
  return {
    goals: plan.goals.map((goal) => (
      {topic: guide.topics[goal.topic].id, depth: DEPTHS[goal.depth], known: goal.isKnown})),
    lessons: plan.steps.map(({lesson, goals, prepares, early}) => ({
      course: lesson.course.id,
      lesson: lesson.id,
      hours: lesson.hours,
      minutes: lesson.minutes,
      estimated: lesson.isEstimated,
      reaches: ids(goals),
      prepares: ids(prepares),
      early: ids(early),
    })),
    assumed: ids(plan.assumed),
    hours: plan.hours,
    minutes: plan.minutes,
  };
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const lessonsOf = (courses) => courses.flatMap((course) => course.lessons);

/** Return by topic's place how far the best of these lessons takes it, -1 where none does. */
function deepest(guide, lessons) {
  const offered = new Int8Array(guide.topics.length).fill(-1);
  for (const {taught} of lessons) {
    for (const {topic, depth} of taught) offered[topic] = Math.max(offered[topic], depth);
  }
  return offered;
}

/** Point 3 of the definition: a goal falls to the deepest depth that is offered. */
function aim(topic, depth, known, offered) {
  if (known[topic] >= depth) return {topic, depth, isKnown: true};
  const reachable = Math.min(depth, offered[topic]);
  return {topic, depth: reachable, isKnown: known[topic] >= reachable};
}

/** Point 4: what lessons must bring, what each of it presupposes of the rest, and what is assumed. */
function needsOf(guide, lessons, aims, known, basics, offered) {
  const depths = new Map(aims.map((one) => [one.topic, one.depth]));
  const goals = new Set(depths.keys());
  const unknown = [...presupposed(guide, goals)].filter((topic) => known[topic] < basics);
  const taught = new Set(unknown.filter((topic) => offered[topic] >= basics));
  for (const topic of taught) if (!depths.has(topic)) depths.set(topic, basics);
  const requires = new Map();
  for (const topic of depths.keys()) {
    const others = [...presupposed(guide, [topic])];
    requires.set(topic, others.filter((other) => other !== topic && taught.has(other)));
  }
  const assumed = unknown.filter((topic) => !taught.has(topic) && !goals.has(topic));
  return {depths, basics, requires, goals, assumed};
}

/** Return what a lesson covers of the needs, what it brings, and what else it presupposes, topic by topic. */
function broughtBy(lesson, {depths, basics, requires}) {
  const needed = lesson.taught.filter(({topic}) => depths.has(topic));
  const brought = new Set(needed.filter(({depth}) => depth >= basics).map(({topic}) => topic));
  const explained = needed.filter(({depth}) => depth >= EXPLAINS).map(({topic}) => (
    {topic, presupposes: requires.get(topic).filter((other) => !brought.has(other))}));
  return {
    covered: needed.filter(({topic, depth}) => depth >= depths.get(topic)).map(({topic}) => topic),
    brought,
    explained,
    presupposes: [...new Set(explained.flatMap((one) => one.presupposes))],
  };
}

/** Point 6: the next lesson is the one with the fewest presupposed topics that are not there, … */
function inOrder(chosen) {
  const waiting = [...chosen];
  const ordered = [];
  const there = new Set();
  const rank = (one) => [
    one.presupposes.filter((topic) => !there.has(topic)).length,
    waiting.some((other) => other.lesson.course === one.lesson.course && other.index < one.index),
    ordered.at(-1)?.lesson.course !== one.lesson.course,
    one.index,
  ];
  while (waiting.length) {
    const ranked = waiting.map((one) => [one, rank(one)]);
    const [following] = ranked.reduce((best, other) => (isBefore(other[1], best[1]) ? other : best));
    waiting.splice(waiting.indexOf(following), 1);
    ordered.push(following);
    for (const topic of following.brought) there.add(topic);
  }
  return ordered;
}

function isBefore(a, b) {
  const place = a.findIndex((value, index) => value !== b[index]);
  return place >= 0 && a[place] < b[place];
}

/** Give each lesson its reasons, and (point 7) name the topics that one must come back for. */
function stepsOf(ordered, {goals}) {
  const there = new Set();
  const learnt = new Set();
  const lastPlace = new Map();
  const isEarly = (one) => one.presupposes.some((topic) => !there.has(topic));
  const early = ordered.map((one, place) => {
    const found = new Set(one.explained.filter(isEarly).map(({topic}) => topic));
    for (const topic of one.brought) {
      lastPlace.set(topic, place);
      if (!found.has(topic)) learnt.add(topic);
    }
    for (const topic of one.brought) there.add(topic);
    return found;
  });
  there.clear();
  const reached = new Set();
  return ordered.map((one, place) => {
    const covered = new Set(one.covered);
    const some = (isWanted) => one.lesson.taught.map(({topic}) => topic).filter(isWanted);
    const step = {
      lesson: one.lesson,
      goals: some((topic) => covered.has(topic) && goals.has(topic) && !reached.has(topic)),
      prepares: some((topic) => one.brought.has(topic) && !there.has(topic) && !goals.has(topic)),
      early: some((topic) => early[place].has(topic) && !learnt.has(topic) && !(lastPlace.get(topic) > place)),
    };
    for (const topic of one.brought) there.add(topic);
    for (const topic of step.goals) reached.add(topic);
    return step;
  });
}
