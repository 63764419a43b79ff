// Tables marked `data-mm-sortable` can be sorted by any column whose head is a `th`: once up, again down, a
// third time back to the order they came in. Cells are compared by the number they begin with ("0,91 (0,8 a
// 1,0)", "−3 %", "6–10 h") or as text; `data-mm-value` on a cell stands for what it shows.

import {make} from "./page.js";

const DECIMAL = new Intl.NumberFormat(document.documentElement.lang || "en").format(1.5)[1];
const NUMBER = /^[^\d\p{L}]*?([+\-−]?\d[\d.,\u00a0\u202f]*(?:e[+\-−]?\d+)?)/u;
const NOTHING = /^[–—-]?$/;

export function startTable(table) {
  const heads = [...table.tHead.rows[0].cells];
  const came = [...table.tBodies[0].rows];
  heads.forEach((head, column) => {
    if (head.tagName !== "TH") return;
    const button = make("button", {type: "button", class: "mm-sort"}, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const next = {ascending: "descending", descending: null}[head.getAttribute("aria-sort")];
      for (const other of heads) other.removeAttribute("aria-sort");
      if (next !== null) head.setAttribute("aria-sort", next ?? "ascending");
      table.tBodies[0].append(...(next === null ? came : sorted(came, column, next === "descending")));
    });
  });
}

function sorted(rows, column, down) {
  const texts = new Map(rows.map((row) => [row, shown(row.cells[column])]));
  const isEmpty = (row) => NOTHING.test(texts.get(row));
  const full = rows.filter((row) => !isEmpty(row));
  const numbers = new Map(full.map((row) => [row, number(texts.get(row))]));
  const isNumeric = full.every((row) => !Number.isNaN(numbers.get(row)));
  const order = isNumeric
    ? (a, b) => numbers.get(a) - numbers.get(b)
    : (a, b) => texts.get(a).localeCompare(texts.get(b), document.documentElement.lang, {numeric: true});
  full.sort(down ? (a, b) => order(b, a) : order);
  return [...full, ...rows.filter(isEmpty)];
}

function shown(cell) {
  return cell.dataset.mmValue ?? cell.textContent.trim();
}

/** Return the number that a text begins with, as this page's language writes it, or NaN. */
function number(text) {
  const found = NUMBER.exec(text);
  if (!found) return NaN;
  const plain = found[1].replace(DECIMAL === "," ? /[.\u00a0\u202f]/g : /[,\u00a0\u202f]/g, "");
  return Number(plain.replace(",", ".").replace(/−/g, "-").replace(/[.]$/, ""));
}
