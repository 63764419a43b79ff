// Two courses side by side: what each has to itself, what is new in one after the other, and in which order
// each takes up what both teach.
import {depthMark} from "./marks.js";
import {make} from "./page.js";
import {compared, depthsIn, firstLessons, hoursOf, newFor, rounded, teachingOrder} from "./pair.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 1000;
/** What keeps a name and its mark on one line. */
const GLUE = "\u00a0";

export function showPair(place, guide, pair, say) {
  const [a, b] = pair.map((course) => course.name);
  const found = compared(...pair);
  const depths = pair.map(depthsIn);
  const wide = matchMedia("(min-width: 60em)").matches;
  place.setAttribute("aria-labelledby", "pair");
  place.append(
    make("h2", {id: "pair"}, say("pair", {a, b})),
    make("p", {class: "mm-pair__sum"}, say("sum", {a, b, shared: found.shared.length, n: found.shared.length, onlyA: found.only[0].length, onlyB: found.only[1].length})),
    make("h3", {}, say("apart")),
    columns(pair, (course, side) => [
      listed(say("only", {n: found.only[side].length, course: course.name}), byArea(found.only[side], (topic) => [topicLink(topic), GLUE, depthMark(depths[side].get(topic), say)]), wide),
      listed(say("deeper", {n: found.deeper[side].length, course: course.name}), byArea(found.deeper[side], (topic) => [topicLink(topic), GLUE, ...further(depths[1 - side].get(topic), depths[side].get(topic))])),
    ], "h3"),
    make("h3", {}, say("new")),
    columns(pair, (course, side) => gains(course, pair[1 - side])),
    make("h3", {}, say("order")),
    columns(pair, orderOf),
    make("p", {class: "mm-quiet"}, say("order.meaning")),
    ...lines(),
  );

  function columns([one, other], fill, heading = "h4") {
    const side = (course, number) => make("div", {class: "mm-pair__side"}, make(heading, {}, make("a", {href: `courses/${course.id}.html`}, course.name)), ...fill(course, number));
    return make("div", {class: "mm-pair"}, side(one, 0), side(other, 1));
  }

  function topicLink(topic) {
    const {id, name} = guide.topics[topic];
    return make("a", {href: `topics/${id}.html`}, name);
  }

  function lessonLink(course, number) {
    const {id, title} = course.lessons[number];
    return make("a", {href: `courses/${course.id}/${id}.html`}, title);
  }

  function further(from, to) {
    return [depthMark(from, say), "\u2060→\u2060", depthMark(to, say)];
  }

  /** Return topics as one paragraph for each area. */
  function byArea(topics, entry) {
    const areas = guide.areas.map(({name}, number) => [name, topics.filter((topic) => guide.topics[topic].area === number)]);
    return areas
      .filter(([, some]) => some.length)
      .map(([name, some]) => make("p", {class: "mm-pair__area"}, make("strong", {}, name), " ", make("span", {class: "mm-pair__topics"}, ...some.map((topic) => make("span", {class: "mm-pair__topic"}, ...entry(topic))))));
  }

  /** Say a text some of whose values are elements. */
  function sentence(key, values) {
    const marked = Object.fromEntries(Object.keys(values).map((name) => [name, `\0${name}\0`]));
    return say(key, marked).split("\0").map((part, place) => (place % 2 ? values[part] : part));
  }

  function listed(summary, parts, open = false) {
    return parts.length ? make("details", {class: "mm-pair__list", open}, make("summary", {}, summary), ...parts) : make("p", {class: "mm-pair__empty mm-quiet"}, summary);
  }

  function hoursText(lessons) {
    const {low, high, unstated} = hoursOf(lessons);
    const [from, to] = [rounded(low), rounded(high)];
    const span = from === to ? `${from}` : `${from}–${to}`;
    if (unstated === lessons.length) return say("hours_unknown");
    return unstated ? say("hours_more", {span, n: unstated}) : say("hours", {span});
  }

  /** Say what is new in a course for one who finished the other. */
  function gains(course, finished) {
    const added = newFor(finished, course);
    const counts = {finished: finished.name, course: course.name, total: course.lessons.length, n: added.lessons.length};
    if (!added.lessons.length) return [make("p", {}, say("new_nothing", counts))];
    const rows = added.lessons.map((lesson) => {
      const mine = added.gains.filter((gain) => course.lessons[gain.lesson] === lesson);
      const entries = mine.map(({topic, depth, before}) => make("span", {class: "mm-pair__topic"}, topicLink(topic), GLUE, ...(before < 1 ? [depthMark(depth, say)] : further(before, depth))));
      return make("p", {class: "mm-pair__area"}, make("strong", {}, lessonLink(course, course.lessons.indexOf(lesson))), " ", make("span", {class: "mm-pair__topics"}, ...entries));
    });
    return [
      make("p", {}, `${say("new_lessons", {...counts, hours: hoursText(added.lessons)})} ${say("new_topics", {n: added.fresh.length, deeper: added.deeper.length})}`),
      listed(say("new_list"), rows),
    ];
  }

  /** Say how often a course teaches something before what it stands on. */
  function orderOf(course) {
    const {pairs, inversions} = teachingOrder(guide, course);
    if (!pairs) return [make("p", {}, say("order.none"))];
    const percent = rounded((100 * inversions.length) / pairs);
    const share = say(inversions.length && !percent ? "order.percent_low" : "order.percent", {n: percent});
    const direct = inversions.filter((one) => one.isDirect);
    const items = direct.map(({topic, lesson, required, later}) => make("p", {class: "mm-pair__area"}, ...sentence("order.before", {topic: topicLink(topic), lesson: lesson + 1, required: topicLink(required), later: later + 1})));
    return [make("p", {}, say("order.sentence", {share, pairs: String(pairs), reversed: String(inversions.length)})), ...(direct.length ? [listed(say("order.direct", {n: direct.length}), items)] : [])];
  }

  /** Draw from each lesson of one course to the lessons of the other that first take up the same topics. */
  function lines() {
    const firsts = pair.map((course) => [firstLessons(course), firstLessons(course, 0)]);
    const at = (side, topic) => firsts[side][0].get(topic) ?? firsts[side][1].get(topic);
    const shared = found.shared.map((topic) => ({topic, ends: [at(0, topic), at(1, topic)]}));
    if (!shared.length) return [];
    const joined = new Map();
    for (const {topic, ends} of shared) joined.set(ends.join(), [...(joined.get(ends.join()) ?? []), topic]);
    const svg = document.createElementNS(SVG, "svg");
    const y = (side, number) => ((number + 0.5) / pair[side].lessons.length) * HEIGHT;
    svg.setAttribute("viewBox", `0 0 100 ${HEIGHT}`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("class", "mm-slopes__lines");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", say("lines", {a, b}));
    for (const [ends, topics] of joined) {
      const [left, right] = ends.split(",").map(Number);
      const line = document.createElementNS(SVG, "path");
      line.setAttribute("d", `M0 ${y(0, left)}C40 ${y(0, left)} 60 ${y(1, right)} 100 ${y(1, right)}`);
      line.setAttribute("stroke-width", String(Math.min(6, 0.75 + topics.length / 2)));
      line.dataset.ends = `0-${left} 1-${right}`;
      const title = document.createElementNS(SVG, "title");
      title.textContent = topics.map((topic) => guide.topics[topic].name).join(", ");
      line.append(title);
      svg.append(line);
    }
    const side = (course, number) => make("ol", {class: "mm-slopes__lessons"}, ...course.lessons.map((lesson, n) => make("li", {"data-end": `${number}-${n}`}, make("span", {class: "mm-quiet"}, `${n + 1}`), " ", lessonLink(course, n))));
    const drawing = make("div", {class: "mm-slopes"}, side(pair[0], 0), svg, side(pair[1], 1));
    for (const item of drawing.querySelectorAll("li")) {
      const mark = (on) => () => {
        drawing.classList.toggle("mm-slopes--some", on);
        for (const line of svg.children) line.classList.toggle("mm-on", on && line.dataset.ends.split(" ").includes(item.dataset.end));
      };
      for (const type of ["pointerenter", "focusin"]) item.addEventListener(type, mark(true));
      for (const type of ["pointerleave", "focusout"]) item.addEventListener(type, mark(false));
    }
    const head = make("tr", {}, ...[say("topic"), a, b].map((name) => make("th", {scope: "col"}, name)));
    const cell = (side, number, topic) => make("td", {}, `${number + 1}. `, lessonLink(pair[side], number), " ", depthMark(depths[side].get(topic), say));
    const rows = shared.map(({topic, ends}) => make("tr", {}, make("th", {scope: "row"}, topicLink(topic)), cell(0, ends[0], topic), cell(1, ends[1], topic)));
    const table = make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
    const scroll = make("div", {class: "mm-scroll mm-scroll--tall", role: "region", tabindex: "0", "aria-label": say("table")}, table);
    return [make("p", {}, say("lines", {a, b})), drawing, listed(say("table"), [scroll])];
  }
}
