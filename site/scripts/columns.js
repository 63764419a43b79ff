// The columns of a table, each of one course: those that the page came with, and others, made when they are
// chosen, since a table of hundreds of courses is too much for a browser.

/**
 * Return a function that shows the columns of these courses, in their order, and hides all others.
 * `ids` are the courses of the columns that the table has; `makeCell(row, number, id)` returns the cell of
 * another course in a row (its `number` counts from the head's, 0).
 */
export function columnsOf(table, ids, makeCell) {
  const rows = [...table.rows].map((row) => ({row, cells: new Map([...row.cells].slice(1).map((cell, place) => [ids[place], cell]))}));
  let order = [...ids];
  return (chosen) => {
    for (const id of chosen.filter((one) => !order.includes(one))) addColumn(id);
    const places = chosen.map((id) => order.indexOf(id));
    const asTheyStand = places.every((place, n) => !n || places[n - 1] < place);
    if (!asTheyStand) order = [...chosen, ...order.filter((id) => !chosen.includes(id))];
    const shown = new Set(chosen);
    for (const {row, cells} of rows) {
      if (!asTheyStand) row.append(...order.map((id) => cells.get(id)));
      for (const [id, cell] of cells) cell.hidden = !shown.has(id);
    }
  };

  function addColumn(id) {
    rows.forEach(({row, cells}, number) => {
      cells.set(id, makeCell(row, number, id));
      row.append(cells.get(id));
    });
    order.push(id);
  }
}
