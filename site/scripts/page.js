// What every feature needs of the page: the data that it carries and the state in its address.

/** Return the data that the page's template wrote with `page_data(id, …)`. */
export function pageData(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

/** Return the parameters of the page's address. */
export function addressState() {
  return new URLSearchParams(location.search);
}

/** Put `parameters` (a URLSearchParams) into the page's address, without a new entry in the history. */
export function setAddressState(parameters) {
  const query = parameters.toString();
  history.replaceState(history.state, "", (query ? `?${query}` : location.pathname) + location.hash);
  keepStateInOtherLanguages();
}

/** Let the links to this page in other languages carry its state. */
export function keepStateInOtherLanguages() {
  for (const link of document.querySelectorAll("a.mm-language__link")) link.search = location.search;
}

/** Make an element: `make("a", {href: "…", class: "…"}, "text", another)`. Texts are never read as HTML. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

/** Fill `{name}` placeholders of an interface string. */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Offer a text as a file to save. */
export function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], {type}));
  const link = make("a", {href: address, download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
