// Two courses held against each other: what src/moocmap/curriculum/{coverage,order,delta}.py define, on the
// guide that plan.js reads. Tests hold the two against each other. Topics are places in `guide.topics`.
import {presupposed} from "./plan.js";

const USES = 1;

/** Return how far a course takes each of its topics, at its deepest. */
export function depthsIn(course) {
  const depths = new Map();
  for (const {taught} of course.lessons) {
    for (const {topic, depth} of taught) depths.set(topic, Math.max(depth, depths.get(topic) ?? 0));
  }
  return depths;
}

/** Return what two courses share, what only one of them teaches, and what one takes further. */
export function compared(a, b) {
  const [mine, theirs] = [depthsIn(a), depthsIn(b)];
  const inOrder = (depths, keep) => [...depths.keys()].filter(keep).sort((x, y) => x - y);
  const further = (one, other) => inOrder(one, (topic) => other.has(topic) && one.get(topic) > other.get(topic));
  return {
    shared: inOrder(mine, (topic) => theirs.has(topic)),
    only: [inOrder(mine, (topic) => !theirs.has(topic)), inOrder(theirs, (topic) => !mine.has(topic))],
    deeper: [further(mine, theirs), further(theirs, mine)],
  };
}

/** Return for each topic the number of the first lesson that takes it at least to `least`. */
export function firstLessons(course, least = USES) {
  const first = new Map();
  course.lessons.forEach(({taught}, number) => {
    for (const {topic, depth} of taught) if (depth >= least && !first.has(topic)) first.set(topic, number);
  });
  return first;
}

/** Return how many pairs of a topic and something that it requires a course teaches, and those in reverse. */
export function teachingOrder(guide, course) {
  const first = firstLessons(course);
  const inversions = [];
  let pairs = 0;
  for (const [topic, lesson] of first) {
    for (const required of presupposed(guide, [topic])) {
      if (required === topic || !first.has(required)) continue;
      pairs += 1;
      if (first.get(required) > lesson) {
        const isDirect = guide.topics[topic].requires.includes(required);
        inversions.push({topic, lesson, required, later: first.get(required), isDirect});
      }
    }
  }
  return {pairs, inversions};
}

/** Return what a course adds for one who has finished another: gains by lesson, new topics and deeper ones. */
export function newFor(finished, course) {
  const start = depthsIn(finished);
  const now = new Map(start);
  const gains = [];
  course.lessons.forEach(({taught}, lesson) => {
    for (const {topic, depth} of taught) {
      const before = now.get(topic) ?? -1;
      if (depth < USES || before >= depth) continue;
      gains.push({lesson, topic, before, depth});
      now.set(topic, depth);
    }
  });
  const gained = [...new Set(gains.map(({topic}) => topic))];
  const had = (topic) => (start.get(topic) ?? -1) >= USES;
  const lessons = [...new Set(gains.map(({lesson}) => lesson))].map((number) => course.lessons[number]);
  return {gains, lessons, fresh: gained.filter((topic) => !had(topic)), deeper: gained.filter(had)};
}

/** Return the hours of some lessons from low to high, and how many lessons do not say how long they take. */
export function hoursOf(lessons) {
  const stated = lessons.filter((lesson) => !lesson.isEstimated);
  const sum = (end) => stated.reduce((total, {hours}) => total + hours[end], 0);
  return {low: sum(0), high: sum(1), unstated: lessons.length - stated.length};
}

/** Round as Python does: halves to the even number. */
export function rounded(number) {
  const up = Math.round(number);
  return up - number === 0.5 && up % 2 ? up - 1 : up;
}
