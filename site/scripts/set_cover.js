// The cheapest set of lessons that covers what one needs, exactly: branch and bound. A problem is first made
// small (essential and dominated lessons, dominated rows, independent parts); its linear relaxation, solved by
// the simplex method, bounds what it must cost at least and excludes lessons by their reduced costs.
// The answer is the one that src/moocmap/curriculum/set_cover.py defines: fewest minutes, then fewest lessons,
// then the one that holds the first lesson in which two differ.

/** What a minute costs, where a lesson costs 1: more than the lessons of any plan. */
const MINUTE = 4096;
/** Costs are whole numbers; a bound that lies this little above one is a rounding error. */
const SLACK = 0.01;

/**
 * Return `{chosen, isProven}`: the places of lessons, ascending. `minutes` and `covers` (arrays of things) go
 * lesson by lesson, and something covers each thing that is `wanted`. A generator: it yields after each step
 * of the search. Once `mayGoOn()` is false it ends with the best set it has, which is then not proven.
 */
export function* cheapestCover(minutes, covers, wanted, mayGoOn = () => true) {
  const rowOf = new Map([...wanted].map((thing, row) => [thing, row]));
  const size = Math.ceil(rowOf.size / 32);
  const unit = minutes.reduce(divisor, 0) || 1;
  const columns = covers.map((covered, id) => {
    const bits = new Uint32Array(size);
    for (const thing of covered) if (rowOf.has(thing)) set(bits, rowOf.get(thing));
    return {id, cost: (minutes[id] / unit) * MINUTE + 1, bits};
  });
  const rows = new Uint32Array(size);
  for (const row of rowOf.values()) set(rows, row);
  const search = {mayGoOn, isProven: true};
  const core = reduced(columns, rows);
  const chosen = core.chosen.map(({id}) => id);
  for (const part of parts(core)) chosen.push(...(yield* firstOfBest(part, search)));
  return {chosen: chosen.sort((a, b) => a - b), isProven: search.isProven};
}

/** Of the cheapest sets of a problem, return the one that holds the first lesson in which two differ. */
function* firstOfBest({columns, rows}, search) {
  let best = yield* cheapest({columns, rows}, Infinity, search);
  if (!search.isProven) return best.map(({id}) => id);
  let left = cost(best);
  const {bound, reducedCosts} = relaxed({columns, rows});
  let open = columns.filter((column, place) => bound + reducedCosts[place] <= left + SLACK || best.includes(column));
  const fixed = [];
  for (const column of [...open]) {
    open = open.filter((other) => other !== column);
    const after = without(rows, column.bits);
    if (!best.some(({id}) => id === column.id)) {
      const other = yield* cheapest({columns: open, rows: after}, left - column.cost, search);
      if (!other) continue;
      best = [column, ...other];
    }
    fixed.push(column.id);
    best = best.filter(({id}) => id !== column.id);
    left -= column.cost;
    rows = after;
    if (isEmpty(rows)) break;
  }
  return fixed;
}

const cost = (columns) => columns.reduce((total, column) => total + column.cost, 0);

/** Return a cheapest set of columns that covers all rows for at most `limit`, or null where there is none. */
function* cheapest(problem, limit, search) {
  yield;
  if (!search.isProven && limit < Infinity) return null;
  const core = reduced(problem.columns, problem.rows);
  if (!core) return null;
  limit -= cost(core.chosen);
  if (limit < 0) return null;
  const separate = parts(core);
  if (separate.length === 0) return core.chosen;
  if (separate.length > 1) {
    const bounds = separate.map((part) => atLeast(relaxed(part).bound, part));
    const found = [...core.chosen];
    let others = bounds.reduce((a, b) => a + b, 0);
    for (const [place, part] of separate.entries()) {
      others -= bounds[place];
      const best = yield* cheapest(part, limit - others, search);
      if (!best) return null;
      found.push(...best);
      limit -= cost(best);
    }
    return found;
  }
  const best = yield* branched(separate[0], limit, search);
  return best && [...core.chosen, ...best];
}

/** The same for a problem that cannot be made smaller or divided. */
function* branched(problem, limit, search) {
  let best = null;
  let {columns} = problem;
  const improve = (found) => {
    if (!found || cost(found) > limit) return;
    best = found;
    limit = cost(found) - 1;
  };
  const relaxation = relaxed(problem);
  const {bound, values, reducedCosts} = relaxation;
  if (atLeast(bound, problem) > limit) return null;
  improve(rounded(problem, columns.map((column, place) => [-values[place], reducedCosts[place]])));
  improve(greedy(problem));
  if (atLeast(bound, problem) > limit) return best;
  if (!search.mayGoOn()) {
    search.isProven = false;
    return best;
  }
  const isOpen = columns.map((column, place) => atLeast(bound + reducedCosts[place], problem) <= limit);
  if (isOpen.includes(false)) {
    columns = columns.filter((column, place) => isOpen[place]);
    improve(yield* cheapest({columns, rows: problem.rows}, limit, search));
    return best;
  }
  // Branch on the column that the relaxation is least sure of, and of these on the largest.
  const doubt = (place) => Math.abs(values[place] - 0.6) - count(columns[place].bits) * 1e-4;
  const places = [...columns.keys()];
  const branch = columns[places.reduce((a, b) => (doubt(b) < doubt(a) ? b : a))];
  const others = columns.filter((column) => column !== branch);
  const rest = {columns: others, rows: without(problem.rows, branch.bits)};
  const taken = yield* cheapest(rest, limit - branch.cost, search);
  improve(taken && [branch, ...taken]);
  improve(yield* cheapest({columns: others, rows: problem.rows}, limit, search));
  return best;
}

/** Return the least cost of a set that a bound allows: whole minutes, and no more lessons than rows. */
function atLeast(bound, {rows}) {
  const least = Math.ceil(bound - SLACK);
  return least % MINUTE > count(rows) ? Math.ceil(least / MINUTE) * MINUTE + 1 : least;
}

// Making problems smaller --------------------------------------------------------------------------------

/**
 * Return `{chosen, columns, rows}`: what every best set holds, and what is left. null when a row has no column.
 * A column goes only when a cheaper one, or an earlier one at the same cost, covers all that it covers.
 */
function reduced(columns, rows) {
  const chosen = [];
  rows = rows.slice();
  for (let goesOn = true; goesOn;) {
    goesOn = false;
    columns = columns
      .map((column) => ({...column, bits: column.bits.map((word, place) => word & rows[place])}))
      .filter(({bits}) => !isEmpty(bits));
    const covering = transposed(columns, rows);
    for (const [row, by] of covering) {
      const number = count(by);
      if (number === 0) return null;
      if (number === 1 && has(rows, row)) {
        const essential = columns[members(by)[0]];
        chosen.push(essential);
        rows = without(rows, essential.bits);
        goesOn = true;
      }
    }
    if (goesOn) continue;
    const sorted = [...covering].map(([row, by]) => ({row, by, number: count(by)}));
    sorted.sort((a, b) => a.number - b.number);
    for (const [place, {row, by}] of sorted.entries()) {
      if (sorted.slice(0, place).some((one) => has(rows, one.row) && isWithin(one.by, by))) {
        rows[row >> 5] &= ~(1 << (row & 31));
        goesOn = true;
      }
    }
    const ranked = [...columns].sort((a, b) => a.cost - b.cost || a.id - b.id);
    const kept = [];
    for (const column of ranked) {
      if (kept.some((better) => isWithin(column.bits, better.bits))) goesOn = true;
      else kept.push(column);
    }
    columns = kept.sort((a, b) => a.id - b.id);
  }
  return {chosen, columns, rows};
}

/** Return the independent parts of a problem. */
function parts({columns, rows}) {
  const found = [];
  for (const column of columns) {
    const touched = found.filter((part) => part.rows.some((word, place) => word & column.bits[place]));
    const merged = {columns: [column], rows: column.bits.slice()};
    for (const part of touched) {
      merged.columns.push(...part.columns);
      merged.rows = merged.rows.map((word, place) => word | part.rows[place]);
      found.splice(found.indexOf(part), 1);
    }
    found.push(merged);
  }
  for (const part of found) part.columns.sort((a, b) => a.id - b.id);
  return found;
}

// Good sets ----------------------------------------------------------------------------------------------

/** Take the columns by rank as far as they cover something new. */
function rounded({columns, rows}, ranks) {
  const places = [...columns.keys()].sort((a, b) => ranks[a][0] - ranks[b][0] || ranks[a][1] - ranks[b][1]);
  const chosen = [];
  for (const place of places) {
    if (columns[place].bits.some((word, index) => word & rows[index])) {
      chosen.push(columns[place]);
      rows = without(rows, columns[place].bits);
    }
  }
  return lean(chosen);
}

/** Take what covers most for its price, again and again. */
function greedy({columns, rows}) {
  const chosen = [];
  while (!isEmpty(rows)) {
    let best = null;
    let least = Infinity;
    for (const column of columns) {
      const price = column.cost / count(column.bits.map((word, place) => word & rows[place]));
      if (price < least) [best, least] = [column, price];
    }
    chosen.push(best);
    rows = without(rows, best.bits);
  }
  return lean(chosen);
}

/** Leave out what the others cover too, the dearest first. */
function lean(chosen) {
  for (const column of [...chosen].sort((a, b) => b.cost - a.cost)) {
    const rest = chosen.filter((other) => other !== column);
    if (isEmpty(rest.reduce((bits, other) => without(bits, other.bits), column.bits))) chosen = rest;
  }
  return chosen;
}

// The linear relaxation ----------------------------------------------------------------------------------

/**
 * Solve the relaxation by its dual: prices of rows, as high in sum as no column costs less than its rows.
 * Any prices give a bound that holds, so rounding errors and an end before the optimum do no harm.
 */
function relaxed({columns, rows}) {
  const rowList = members(rows);
  const [width, height] = [rowList.length, columns.length];
  // A line for each column, what it costs at the end; the last line is what prices add to the sum.
  const table = columns.map(({bits, cost: price}) => (
    Float64Array.from([...rowList.map((row) => (has(bits, row) ? 1 : 0)), price])));
  const gains = new Float64Array(width + 1).fill(1, 0, width);
  table.push(gains);
  const entered = rowList.map((row, place) => place);
  const basic = columns.map((column, place) => width + place);
  for (let turn = 0; turn < 20 * (width + height); turn++) {
    let enters = 0;
    for (let place = 1; place < width; place++) if (gains[place] > gains[enters]) enters = place;
    if (!(gains[enters] > 1e-9)) break;
    let leaves = -1;
    let least = Infinity;
    for (let line = 0; line < height; line++) {
      const factor = table[line][enters];
      if (factor <= 1e-9) continue;
      const ratio = table[line][width] / factor;
      if (ratio < least - 1e-9 || (ratio < least + 1e-9 && factor > table[leaves][enters])) {
        [leaves, least] = [line, ratio];
      }
    }
    pivot(table, leaves, enters);
    [entered[enters], basic[leaves]] = [basic[leaves], entered[enters]];
  }
  const prices = new Map();
  basic.forEach((name, line) => {
    if (name < width) prices.set(rowList[name], Math.max(0, table[line][width]));
  });
  const reducedCosts = columns.map((column) => {
    let left = column.cost;
    for (const [row, price] of prices) if (has(column.bits, row)) left -= price;
    return left;
  });
  const values = new Float64Array(height);
  entered.forEach((name, place) => {
    if (name >= width) values[name - width] = -gains[place];
  });
  let bound = 0;
  for (const price of prices.values()) bound += price;
  for (const left of reducedCosts) bound += Math.min(0, left);
  return {bound, values, reducedCosts};
}

function pivot(table, line, place) {
  const row = table[line];
  const factor = row[place];
  for (let index = 0; index < row.length; index++) row[index] /= factor;
  row[place] = 1 / factor;
  for (const other of table) {
    const times = other[place];
    if (other === row || times === 0) continue;
    for (let index = 0; index < row.length; index++) other[index] -= times * row[index];
    other[place] = -times / factor;
  }
}

// Sets of small numbers as bits --------------------------------------------------------------------------

const set = (bits, number) => { bits[number >> 5] |= 1 << (number & 31); };
const has = (bits, number) => (bits[number >> 5] >>> (number & 31)) & 1;
const isEmpty = (bits) => bits.every((word) => !word);
const without = (bits, others) => bits.map((word, place) => word & ~others[place]);
const divisor = (a, b) => (b ? divisor(b, a % b) : a);

function isWithin(bits, others) {
  for (let place = 0; place < bits.length; place++) if (bits[place] & ~others[place]) return false;
  return true;
}

function count(bits) {
  let number = 0;
  for (let word of bits) for (; word; word &= word - 1) number++;
  return number;
}

function members(bits) {
  const found = [];
  for (let number = 0; number < bits.length * 32; number++) if (has(bits, number)) found.push(number);
  return found;
}

/** Return for each row the columns that cover it, as bits. */
function transposed(columns, rows) {
  const size = Math.ceil(columns.length / 32);
  const covering = new Map(members(rows).map((row) => [row, new Uint32Array(size)]));
  for (const [place, column] of columns.entries()) for (const row of members(column.bits)) set(covering.get(row), place);
  return covering;
}
