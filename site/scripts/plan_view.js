// Shows a plan: totals, what to mind, and week by week its lessons with their reasons.
import {make} from "./page.js";
import {showTicks, tickBox} from "./ticks.js";
import {dayOf} from "./weeks.js";

/** Show a plan in the planner's page. `weeks` is empty where no hours a week are given. */
export function showPlan(page, {plan, weeks, hours, start, wanted, leftOut, limit}) {
  const {say, data, guide} = page;
  const {lang} = document.documentElement;
  const locale = lang === "en" ? "en-GB" : lang;
  const number = new Intl.NumberFormat(lang, {maximumFractionDigits: 1});
  const day = new Intl.DateTimeFormat(locale, {dateStyle: "long", timeZone: "UTC"});
  const week = new Intl.DateTimeFormat(locale, {day: "numeric", month: "long", timeZone: "UTC"});

  const span = ([low, high]) => {
    const [a, b] = [number.format(low), number.format(high)];
    return a === b ? a : `${a}–${b}`;
  };
  /** Write minutes as hours and minutes. */
  const time = (minutes) => [
    ...(minutes >= 60 ? [`${Math.floor(minutes / 60)} h`] : []),
    ...(minutes % 60 || minutes < 60 ? [`${minutes % 60} min`] : []),
  ].join(" ");
  const linked = (place) => make("a", {href: data.topic.replace("*", guide.topics[place].id)}, guide.topics[place].name);
  const listed = (places) => places.flatMap((place, at) => [at ? " · " : "", linked(place)]);
  const names = (places) => places.map((place) => guide.topics[place].name).join(", ");
  const lessonLink = (lesson) => make("a", {href: data.lesson.replace("*", lesson.course.id).replace("*", lesson.id)}, lesson.title);

  function totals() {
    const whole = say("hours", {span: span(plan.hours)});
    const middle = plan.hours[0] === plan.hours[1] ? "" : ` (${say("middle", {n: number.format(plan.minutes / 60)})})`;
    const courses = new Set(plan.steps.map(({lesson}) => lesson.course)).size;
    const facts = [say("lessons", {n: plan.steps.length}), say("courses", {n: courses}), whole + middle];
    const last = weeks.length && dayOf(start, weeks.length);
    if (weeks.length) facts.push(say("weeks", {n: weeks.length, hours}));
    if (last) facts.push(say("until", {from: day.format(dayOf(start, 0)), to: day.format(last - 1)}));
    return facts;
  }

  function remarks() {
    const found = [];
    const about = (key, places) => { if (places.length) found.push(say(key, {n: places.length, topics: names(places)})); };
    const goals = (holds) => plan.goals.filter(holds).map(({topic}) => topic);
    about("lowered", goals((goal) => goal.depth !== wanted));
    about("known", goals((goal) => goal.isKnown));
    about("assumed", plan.assumed);
    about("left_out", leftOut.map((id) => guide.topicOf.get(id)));
    if (weeks.length && !dayOf(start, weeks.length)) found.push(say("late"));
    if (plan.steps.some(({lesson}) => lesson.isEstimated)) found.push(say("estimated"));
    return found.length ? [make("ul", {class: "mm-plan__remarks"}, ...found.map((text) => make("li", {}, text)))] : [];
  }

  function bar() {
    const ids = plan.steps.map(({lesson}) => `${lesson.course.id}/${lesson.id}`);
    const text = data.words[ids.length === 1 ? "done.one" : "done.other"].replace("{n}", ids.length);
    return make("p", {class: "mm-part mm-plan__bar", "data-mm-part": "lessons", "data-mm-ids": ids.join(" "), "data-mm-always": true},
      make("progress", {max: ids.length, value: 0, "aria-hidden": "true"}),
      make("span", {class: "mm-part__text", "data-mm-text": text}));
  }

  function card(step, minutes) {
    const {lesson} = step;
    const length = span(lesson.hours) + (lesson.isEstimated ? " h*" : " h");
    const part = minutes < lesson.minutes ? ` · ${say("part", {time: time(minutes), all: time(lesson.minutes)})}` : "";
    const reasons = [
      ["reaches", say("reaches", {n: step.goals.length}), step.goals],
      ["prepares", say("prepares"), step.prepares],
      ["early", say("early"), step.early],
    ].filter(([, , topics]) => topics.length);
    return make("li", {class: "mm-plan__lesson"},
      tickBox("lessons", `${lesson.course.id}/${lesson.id}`, say("tick", {name: lesson.title})),
      make("div", {},
        make("p", {class: "mm-plan__title"}, lessonLink(lesson), " ",
          make("span", {class: "mm-quiet"}, lesson.course.name, " · ", make("span", {class: "mm-figure"}, length), part)),
        ...reasons.map(([kind, label, topics]) => (
          make("p", {class: `mm-plan__${kind}`}, make("b", {}, label), " ", ...listed(topics))))));
  }

  /** Put weeks together in which one lesson only goes on, so that a slow plan stays short. */
  function groups() {
    const found = [];
    const begun = new Set();
    weeks.forEach((portions, place) => {
      const isMore = portions.length === 1 && begun.has(portions[0].step);
      if (isMore && found.at(-1).isMore && found.at(-1).portions[0].step === portions[0].step) {
        found.at(-1).last = place;
        found.at(-1).minutes += portions[0].minutes;
      } else found.push({first: place, last: place, portions, isMore, minutes: portions[0].minutes, begun: new Set(begun)});
      for (const {step} of portions) begun.add(step);
    });
    return found;
  }

  function section({first, last, portions, minutes, begun}) {
    const [from, after] = [dayOf(start, first), dayOf(start, last + 1)];
    const label = first === last ? say("week", {n: first + 1}) : say("weeks_span", {from: first + 1, to: last + 1});
    const days = after ? [" ", make("span", {class: "mm-quiet"}, week.formatRange(from, new Date(after - 1)))] : [];
    const heading = make("h3", {class: "mm-plan__week"}, label, ...days);
    const goesOn = portions.filter(({step}) => begun.has(step));
    const starts = portions.filter(({step}) => !begun.has(step));
    return [
      heading,
      ...goesOn.map(({step, minutes: part}) => make("p", {class: "mm-quiet mm-plan__more"},
        say("goes_on", {lesson: step.lesson.title, time: time(goesOn.length === portions.length ? minutes : part)}))),
      ...(starts.length ? [make("ol", {class: "mm-plan__lessons"}, ...starts.map(({step, minutes: part}) => card(step, part)))] : []),
    ];
  }

  /** Say in print, where the form is missing, what the plan is for. */
  function asked() {
    return [...page.root.querySelectorAll(".mm-picked")].filter((list) => list.firstChild).map((list) => {
      const shown = [...list.querySelectorAll("span")].map((one) => one.textContent);
      return make("p", {class: "mm-plan__asked"}, make("b", {}, `${list.getAttribute("aria-label")}: `), shown.join(" · "));
    });
  }

  const unproven = plan.isProven ? [] : [make("p", {class: "mm-notice"}, say("unproven", {n: limit}))];
  const list = weeks.length ? groups().flatMap(section)
    : [make("ol", {class: "mm-plan__lessons"}, ...plan.steps.map((step) => card(step, step.lesson.minutes)))];
  page.find("said").textContent = plan.steps.length ? totals().join(" · ") : say("nothing");
  page.find("found").replaceChildren(...asked(), ...unproven, ...(plan.steps.length ? [bar()] : []), ...remarks(), ...(plan.steps.length ? list : []));
  showTicks();
}
