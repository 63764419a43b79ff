// Quizzes: choose an answer and read at once why each is right or wrong; a score for each area, and what to
// look up again. Everything that it says stands in the page already, folded away.
import {make, pageData} from "./page.js";
import {speaker} from "./words.js";

export function startQuiz(quiz) {
  const say = speaker(pageData("mm-quizzes"));
  const score = quiz.querySelector(".mm-quiz__score");
  const status = make("div", {class: "mm-quiz__end", role: "status"});
  const retry = make("button", {type: "button", class: "mm-chip-button", hidden: true}, say("retry"));
  const questions = [...quiz.querySelectorAll(".mm-exam")].map((element) => startQuestion(element, say, update));
  quiz.querySelector(".mm-exams").after(status, retry);
  retry.addEventListener("click", () => {
    for (const question of questions) question.reset();
    update();
    questions[0].focus();
  });

  function update() {
    const done = questions.filter((question) => question.result() !== null);
    const right = done.filter((question) => question.result()).length;
    const [n, total] = [done.length, questions.length];
    score.textContent = n === 0 ? say("count", {n: total}) : n < total ? say("so_far", {done: n, total, right}) : say("score", {total, right});
    retry.hidden = n === 0;
    status.replaceChildren(...(n === total ? summary(total, right) : []));
  }

  function summary(total, right) {
    const failed = questions.filter((question) => !question.result()).flatMap((question) => question.topics());
    const links = new Map(failed.map((link) => [link.href, link]));
    const items = [...links.values()].map((link) => make("li", {}, make("a", {href: link.href}, link.textContent)));
    const said = make("p", {class: "mm-quiz__total"}, say("score", {total, right}));
    return items.length ? [said, make("p", {}, say("again")), make("ul", {class: "mm-chips"}, ...items)] : [said];
  }
}

/** Make a question answerable; `changed` is called after every answer. */
function startQuestion(root, say, changed) {
  const items = [...root.querySelectorAll(".mm-replies > li")];
  const verdicts = [...root.querySelectorAll(".mm-verdict")];
  const rights = verdicts.map((verdict) => verdict.classList.contains("mm-verdict--right"));
  const isSingle = rights.filter(Boolean).length === 1;
  const status = make("p", {class: "mm-exam__said", role: "status"});
  const check = make("button", {type: "button", class: "mm-chip-button", hidden: isSingle}, say("check"));
  let result = null;

  root.querySelector(".mm-solution").hidden = true;
  root.querySelector(".mm-replies").after(check, status);
  const controls = items.map((item, place) => {
    const text = make("span", {}, item.textContent);
    const control = isSingle ? make("button", {type: "button", class: "mm-reply"}, text) : make("input", {type: "checkbox", autocomplete: "off"});
    item.replaceChildren(isSingle ? control : make("label", {class: "mm-reply"}, control, text));
    if (isSingle) control.addEventListener("click", () => answer([place]));
    return control;
  });
  check.addEventListener("click", () => answer(controls.flatMap((control, place) => (control.checked ? [place] : []))));

  function answer(chosen) {
    if (result !== null || !chosen.length) return;
    result = rights.every((right, place) => right === chosen.includes(place));
    items.forEach((item, place) => {
      item.classList.add(rights[place] ? "mm-replies__right" : "mm-replies__wrong");
      item.classList.toggle("mm-replies__chosen", chosen.includes(place));
      const mark = verdicts[place].querySelector(".mm-verdict__mark").cloneNode(true);
      item.append(make("p", {class: "mm-reply__why"}, mark, " ", verdicts[place].querySelector(".mm-verdict__why").textContent));
      lock(controls[place], true);
    });
    check.hidden = true;
    const why = isSingle ? ` ${verdicts[chosen[0]].querySelector(".mm-verdict__why").textContent}` : "";
    status.replaceChildren(make("strong", {}, say(result ? "correct" : isSingle ? "incorrect" : "incomplete")), make("span", {class: "mm-hidden"}, why));
    if (!isSingle) items[chosen[0]].querySelector("input").focus();
    changed();
  }

  function reset() {
    result = null;
    for (const item of items) {
      item.classList.remove("mm-replies__right", "mm-replies__wrong", "mm-replies__chosen");
      item.querySelector(".mm-reply__why")?.remove();
    }
    for (const control of controls) {
      control.checked = false;
      lock(control, false);
    }
    check.hidden = isSingle;
    status.replaceChildren();
  }

  return {
    result: () => result,
    topics: () => [...root.querySelectorAll(".mm-exam__topics a")],
    focus: () => controls[0].focus(),
    reset,
  };
}

/** Take a control out of use, but not out of the keyboard's way: it may have the focus. */
function lock(control, isLocked) {
  if (control.type === "checkbox") control.onclick = isLocked ? (event) => event.preventDefault() : null;
  if (isLocked) control.setAttribute("aria-disabled", "true");
  else control.removeAttribute("aria-disabled");
}
