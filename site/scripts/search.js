// The search: a dialog that the header's button, "/", "s", "f" or Ctrl+K opens, and an address with "?search=…".
// Its index (all names of the guide in every language) is loaded when it is first needed.

import {addressState, fill, make} from "./page.js";

const MOST = 12;
/** What a name is worth, by how the query fits it; `words` counts once more for the share of the name they are. */
const WORTH = {same: 100, initials: 80, start: 75, phrase: 60, words: 40, nearby: 30, text: 15, typo: 8, some: 4};
/** What is left of the worth where another name than the title fits, or only without the endings of plurals. */
const [OTHER_NAME, SINGULAR] = [0.95, 0.97];
/** What is taken from kinds that repeat the names of others; all others come in the order of the index. */
const REPEATS = {lesson: 36, unit: 40, event: 20, work: 15, rule: 30};

export function startSearch(button) {
  const {mmSearch, mmTitle, mmClose, mmFailed} = button.dataset;
  const base = new URL(`${mmSearch}/`, location.href);
  const input = make("input", {
    type: "text", inputmode: "search", class: "mm-search__input", role: "combobox", "aria-label": mmTitle,
    "aria-autocomplete": "list", "aria-controls": "mm-search-found", "aria-expanded": "false",
    autocomplete: "off", autocapitalize: "off", spellcheck: "false", enterkeyhint: "go",
  });
  const close = make("button", {type: "button", class: "mm-search__close", "aria-label": mmClose}, "×");
  const status = make("p", {class: "mm-search__status", role: "status"}, "…");
  const list = make("div", {id: "mm-search-found", class: "mm-search__found", role: "listbox", "aria-label": mmTitle, hidden: true});
  const dialog = make("dialog", {class: "mm-search", "aria-label": mmTitle}, make("div", {class: "mm-search__line"}, input, close), status, list);
  let ask = null;

  async function open(query) {
    if (dialog.open) return;
    dialog.showModal();
    if (query) input.value = query;
    input.focus();
    input.select();
    try {
      ask ??= answers({dialog, input, status, list}, await index(base), base); // typing may go on meanwhile
      ask();
    } catch {
      status.textContent = mmFailed;
    }
  }

  close.addEventListener("click", () => dialog.close());
  document.body.append(dialog);
  button.addEventListener("click", () => open());
  for (const event of ["pointerenter", "focus"]) button.addEventListener(event, () => index(base).catch(() => {}), {once: true});
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  addEventListener("keydown", (event) => {
    const control = event.ctrlKey || event.metaKey;
    const asks = control ? event.key === "k" : !event.altKey && "/sf".includes(event.key) && !isTyping(event.target);
    if (event.defaultPrevented || !asks || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    open();
  });
  const asked = addressState().get("search");
  if (asked !== null) open(asked);
}

/** Tell whether keys are being typed into something; a closed dialog's field keeps the focus for a moment. */
function isTyping(target) {
  const takesText = target.isContentEditable || target.matches?.("select, textarea, input:not([type=checkbox], [type=radio], [type=button])");
  return takesText && target.checkVisibility();
}

let loading = null;

/** Load the index, once; a script, because pages opened as files may fetch nothing else. */
function index(base) {
  loading ??= new Promise((resolve, reject) => {
    const script = make("script", {src: new URL("assets/js/search-index.js", base)});
    script.addEventListener("load", () => resolve(prepared(globalThis.moocmapSearch)));
    script.addEventListener("error", () => { loading = null; script.remove(); reject(new Error("no index")); });
    document.head.append(script);
  });
  return loading;
}

// What fits -------------------------------------------------------------------------------------------

/** Return a text as hurried readers type it: without accents and capitals, its words with single blanks. */
export function plain(text) {
  const bare = text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  return bare.replace(/[^\p{L}\p{N}+#]+/gu, " ").trim();
}

/** Return the index with what is compared with queries. */
export function prepared(data) {
  const entries = data.entries.map(([kind, title, address, where, others, words, summary]) => {
    const names = [title, ...others].flatMap((name, which) => parts(name).map((part) => named(plain(part), which)));
    const nearby = `${names.map((name) => name.text).join(" ")} ${plain(where)} ${plain(words)}`;
    const less = REPEATS[data.kinds[kind][0]] ?? kind / 2;
    return {kind, less, title, address, where, others, summary, names, nearby: both(nearby), text: both(`${nearby} ${plain(summary)}`)};
  });
  return {...data, ignored: new Set(plain(data.ignored).split(" ")), entries};
}

/** Return a name, and what stands before and within its brackets: "Memory (LSTM)" is also called "LSTM". */
function parts(name) {
  const found = name.match(/^(.+?)\s*\((.+)\)$/);
  return found ? [name, found[1], found[2]] : [name];
}

function named(text, which) {
  const words = text.split(" ");
  return {which, text, bare: singular(text), initials: words.length > 1 ? words.map((word) => word[0]).join("") : ""};
}

/** Return a text whose words have lost the endings of plurals, English or Spanish. */
function singular(text) {
  return text.replace(/(\p{L}{3,}?)e?s(?= |$)/gu, "$1");
}

/** Return a text for `hasWord`: each word as it is and without a plural's ending. */
function both(text) {
  return ` ${text} ${singular(text)}`;
}

function hasWord(place, word) {
  return place.includes(` ${word}`);
}

/** Return the entries that fit a query, the best first, each with the name that fits. */
export function search({entries, ignored}, query) {
  const text = plain(query);
  if (!text) return [];
  const all = text.split(" ");
  const content = all.filter((word) => !ignored.has(word));
  const asked = {text, bare: singular(text), words: content.length ? content : all};
  const found = [];
  for (const entry of entries) {
    const [worth, name] = judged(entry, asked);
    if (worth) found.push({entry, name, worth, rank: worth - entry.less - entry.title.length / 200});
  }
  const isSure = found.some(({worth}) => worth > WORTH.typo);
  return found.filter(({worth}) => !isSure || worth > WORTH.typo).sort((a, b) => b.rank - a.rank);
}

/** Return what an entry is worth for a query, and which of its names (0: its title) fits best. */
function judged(entry, asked) {
  let [best, which] = [0, 0];
  for (const name of entry.names) {
    const worth = worthOf(name, asked) * (name.which ? OTHER_NAME : 1);
    if (worth > best) [best, which] = [worth, name.which];
  }
  if (best < WORTH.nearby && asked.words.every((word) => hasSame(entry.nearby, word))) return [WORTH.nearby, which];
  if (best < WORTH.text && asked.words.every((word) => hasSame(entry.text, word))) return [WORTH.text, which];
  return [best, which];
}

function hasSame(place, word) {
  return hasWord(place, word) || hasWord(place, `${singular(word)} `);
}

function worthOf(name, {text, bare, words}) {
  const whole = Math.max(fit(name.text, text), fit(name.bare, bare) * SINGULAR);
  if (whole) return whole;
  if (text.length > 1 && name.initials === text) return WORTH.initials;
  const place = both(name.text);
  const among = name.text.split(" ");
  if (words.every((word) => hasSame(place, word))) return WORTH.words * (1 + Math.min(1, words.length / among.length) * 0.9);
  if (words.every((word) => among.some((other) => isNear(word, other)))) return WORTH.typo;
  const some = words.filter((word) => word.length > 3 && hasWord(place, word)).length / words.length;
  return some >= 0.5 ? WORTH.some * some : 0;
}

/** Return what a name is worth that the query is, starts, or stands in as it is. */
function fit(name, text) {
  if (name === text) return WORTH.same;
  if (name.startsWith(text)) return WORTH.start + (name[text.length] === " " ? 2 : 0);
  return hasWord(` ${name}`, text) ? WORTH.phrase : 0;
}

/** Tell whether two words differ by one slip: a letter more, less or other, or two swapped. */
function isNear(word, other) {
  if (word.length < 4 || Math.abs(word.length - other.length) > 1) return false;
  let start = 0;
  while (start < word.length && word[start] === other[start]) start += 1;
  const [a, b] = [word.slice(start), other.slice(start)];
  return a.slice(1) === b.slice(1) || a.slice(1) === b || a === b.slice(1)
    || (a[0] === b[1] && a[1] === b[0] && a.slice(2) === b.slice(2));
}

// What is shown ---------------------------------------------------------------------------------------

/** Let the dialog answer what is typed; return what answers anew. */
function answers({dialog, input, status, list}, data, base) {
  const {texts} = data;
  input.placeholder = texts.placeholder;
  dialog.append(make("p", {class: "mm-search__keys"}, texts.keys));
  let [found, shown, chosen] = [[], MOST, 0];

  function choose(number) {
    const options = [...list.children];
    chosen = options.length ? (number + options.length) % options.length : 0;
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
    if (options[chosen]) input.setAttribute("aria-activedescendant", options[chosen].id);
    else input.removeAttribute("aria-activedescendant");
    options[chosen]?.scrollIntoView({block: "nearest"});
  }

  function show() {
    const words = plain(input.value).split(" ");
    list.replaceChildren(...found.slice(0, shown).map((one, at) => option(one, at, words, data, base)));
    if (found.length > shown) list.append(moreOption(texts, found.length - shown));
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", String(found.length > 0));
    const count = found.length === 1 ? texts.one : fill(texts.many, {n: found.length});
    status.textContent = !input.value.trim() ? texts.hint : found.length ? count : fill(texts.none, {query: input.value.trim()});
  }

  function ask() {
    found = search(data, input.value);
    shown = MOST;
    show();
    choose(0);
    list.scrollTop = 0;
  }

  input.addEventListener("input", ask);
  input.addEventListener("keydown", (event) => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (step && list.children.length) choose(chosen + step);
    else if (event.key === "Enter") list.children[chosen]?.click();
    else return;
    event.preventDefault();
  });
  list.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (link) {
      if (!event.ctrlKey && !event.metaKey) dialog.close();
    } else if (event.target.closest("[data-more]")) {
      const next = shown;
      shown += 3 * MOST;
      show();
      choose(next);
      input.focus();
    }
  });
  return ask;
}

function option({entry, name}, at, words, data, base) {
  const [kind, label] = data.kinds[entry.kind];
  const other = name ? make("span", {class: "mm-found__name"}, ...marked(entry.others[name - 1], words)) : "";
  const where = entry.where ? make("span", {class: "mm-found__where"}, entry.where) : "";
  const link = make(
    "a",
    {id: `mm-found-${at}`, class: "mm-found", role: "option", tabindex: "-1", href: new URL(entry.address, base), "aria-selected": "false"},
    make("span", {class: `mm-found__kind mm-found__kind--${kind}`}, label), " ",
    make("span", {class: "mm-found__title"}, ...marked(entry.title, words)), " ", other, " ", where,
  );
  if (entry.summary) link.append(" ", make("span", {class: "mm-found__summary"}, entry.summary));
  return link;
}

function moreOption(texts, n) {
  return make("div", {id: "mm-found-more", class: "mm-found mm-found--more", role: "option", "aria-selected": "false", "data-more": true}, fill(texts.more, {n}));
}

/** Return a text as nodes in which the beginnings of words that a query names are marked. */
function marked(text, words) {
  return text.split(/([\p{L}\p{N}+#]+)/u).map((part) => {
    const bare = plain(part);
    const word = bare.length === part.length && words.find((one) => one && bare.startsWith(one));
    return word ? make("span", {}, make("mark", {}, part.slice(0, word.length)), part.slice(word.length)) : part;
  });
}
