// Packs some boxes of a drawing close together: the same method as `moocmap.site.layers`, in short. Every line
// still leads to the right; layers without boxes go.

const BEND = 7;
const GAP = 10;

/** Place nodes ({middle, height, before, after}), which keep about the order that they had.
 *
 * Returns how many columns there are, the height of the whole, `places` (node → {column, middle}), and
 * `bends(source, target)`: the heights at which their line passes each column, from end to end.
 */
export function pack(nodes) {
  const layers = inLayers(nodes);
  const items = new Map(nodes.map((node) => [node, {
    node, column: layers.get(node), key: node.middle, room: node.height + GAP, near: [],
  }]));
  const columns = Array.from({length: Math.max(...layers.values()) + 1}, () => []);
  for (const item of items.values()) columns[item.column].push(item);
  const routes = new Map(nodes.map((node) => [node, new Map()]));
  for (const [source, from] of items) {
    const shared = [];
    for (const target of source.after.filter((node) => items.has(node)).sort((a, b) => layers.get(a) - layers.get(b))) {
      const to = items.get(target);
      const route = [from];
      for (let column = from.column + 1; column < to.column; column += 1) {
        if (!shared[column]) {
          const part = (column - from.column) / (to.column - from.column);
          shared[column] = {column, key: from.key + part * (to.key - from.key), room: BEND, near: []};
          columns[column].push(shared[column]);
        }
        route.push(shared[column]);
      }
      route.push(to);
      route.slice(1).forEach((item, i) => {
        item.near.push(route[i]);
        route[i].near.push(item);
      });
      routes.get(source).set(target, route);
    }
  }
  const height = Math.max(...columns.map((column) => column.reduce((sum, {room}) => sum + room, 0)));
  for (const column of columns) column.sort((a, b) => a.key - b.key);
  for (let sweep = 0; sweep < 14; sweep += 1) {
    for (const column of sweep % 2 ? [...columns].reverse() : columns) {
      for (const item of column) {
        const near = item.near.filter(({middle}) => middle !== undefined);
        if (near.length) item.wish = near.reduce((sum, {middle}) => sum + middle, 0) / near.length;
        else item.wish = item.middle ?? height / 2;
      }
      if (sweep > 0 && sweep < 9) column.sort((a, b) => a.wish - b.wish);
      settle(column, height);
    }
  }
  return {
    columns: columns.length,
    height,
    places: items,
    bends: (source, target) => routes.get(source)?.get(target)?.map(({middle}) => middle),
  };
}

/** Give each node a layer right of all that lead to it, and one that mostly leads to others a place close to them. */
function inLayers(nodes) {
  const within = new Set(nodes);
  const layers = new Map();
  const visit = (node) => {
    if (!layers.has(node)) {
      const before = node.before.filter((other) => within.has(other)).map(visit);
      layers.set(node, Math.max(-1, ...before) + 1);
    }
    return layers.get(node);
  };
  nodes.forEach(visit);
  for (const node of [...layers.keys()].reverse()) {
    const after = node.after.filter((other) => within.has(other));
    const before = node.before.filter((other) => within.has(other));
    if (after.length > before.length) layers.set(node, Math.min(...after.map((other) => layers.get(other))) - 1);
  }
  return layers;
}

/** Place the items of a column, in order and apart, as near to their wishes as can be (isotonic regression). */
function settle(column, height) {
  const blocks = [];
  let top = 0;
  for (const item of column) {
    item.least = top + item.room / 2;
    top += item.room;
    let block = {sum: item.wish - item.least, items: [item]};
    while (blocks.length && mean(blocks.at(-1)) > mean(block)) {
      const above = blocks.pop();
      block = {sum: above.sum + block.sum, items: [...above.items, ...block.items]};
    }
    blocks.push(block);
  }
  for (const block of blocks) {
    const shift = Math.min(height - top, Math.max(0, mean(block)));
    for (const item of block.items) item.middle = Math.round(item.least + shift);
  }
}

function mean(block) {
  return block.sum / block.items.length;
}
