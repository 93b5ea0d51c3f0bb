/** Where the nodes and edges of the graph lie: on an ellipse, always the same for the same relations. No DOM in here. */

/** @import {Relation} from './types.js' */

const MOST_NODES = 36;
const NODE_HEIGHT = 24;
const ARROW = 8;

/**
 * @typedef {{code: string, label: string, x: number, y: number, width: number, height: number}} Node
 * @typedef {{relation: Relation, path: string, arrow: string, width: number}} Edge
 * @typedef {{width: number, height: number, nodes: Node[], edges: Edge[], left: number}} Layout
 *   `left` counts the countries that were left out for want of room.
 */

/**
 * Lay out relations.
 *
 * @param {Relation[]} relations
 * @param {(code: string) => string} label
 * @param {number} width
 * @returns {Layout}
 */
export function layOut(relations, label, width) {
  const order = ordered(relations);
  const codes = spread(order.slice(0, MOST_NODES));
  const height = Math.round(Math.min(640, Math.max(250, 120 + codes.length * 24)));
  const nodes = place(codes, label, width, height);
  const byCode = new Map(nodes.map((node) => [node.code, node]));
  const kept = relations.filter(({ source, target }) => byCode.has(source) && byCode.has(target));
  const edges = kept.map((relation) => edge(relation, kept, byCode, [width / 2, height / 2]));
  return { width, height, nodes, edges, left: order.length - codes.length };
}

/**
 * Countries, those with most sentences first.
 *
 * @param {Relation[]} relations
 * @returns {string[]}
 */
function ordered(relations) {
  /** @type {Map<string, number>} */
  const weights = new Map();
  for (const { source, target, places } of relations) {
    for (const code of [source, target]) weights.set(code, (weights.get(code) ?? 0) + places.length);
  }
  return [...weights].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([code]) => code);
}

/**
 * Spread the strongest far from each other: the ranks of the van der Corput sequence, 0, 1/2, 1/4, 3/4, 1/8 and so on.
 *
 * @param {string[]} codes
 * @returns {string[]} The same codes in their order around the ellipse.
 */
function spread(codes) {
  const position = (/** @type {number} */ index) => {
    let value = 0;
    for (let base = 0.5, rest = index; rest > 0; rest >>= 1, base /= 2) value += base * (rest & 1);
    return value;
  };
  return codes
    .map((code, index) => ({ code, at: position(index) }))
    .sort((a, b) => a.at - b.at)
    .map(({ code }) => code);
}

/**
 * @param {string[]} codes
 * @param {(code: string) => string} label
 * @param {number} width
 * @param {number} height
 * @returns {Node[]}
 */
function place(codes, label, width, height) {
  const across = Math.min(width / 2 - 58, 230);
  const down = height / 2 - 30;
  return codes.map((code, index) => {
    const angle = (index / codes.length) * 2 * Math.PI - Math.PI / 2;
    const text = label(code);
    return {
      code,
      label: text,
      x: round(width / 2 + across * Math.cos(angle)),
      y: round(height / 2 + down * Math.sin(angle)),
      width: Math.max(36, 16 + text.length * 8),
      height: NODE_HEIGHT,
    };
  });
}

/**
 * An edge bends to the right of its way, so that both directions show; several stances lie beside each other.
 *
 * @param {Relation} relation
 * @param {Relation[]} all
 * @param {Map<string, Node>} nodes
 * @param {[number, number]} centre
 * @returns {Edge}
 */
function edge(relation, all, nodes, centre) {
  const from = /** @type {Node} */ (nodes.get(relation.source));
  const to = /** @type {Node} */ (nodes.get(relation.target));
  const beside = all.filter(({ source, target }) => source === relation.source && target === relation.target);
  const width = round(1.25 + 1.25 * Math.sqrt(relation.places.length - 1));
  if (from === to) return loop(relation, from, beside.indexOf(relation), width, centre);
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const bend = 0.1 * length + 8 + 20 * beside.indexOf(relation);
  const middle = [
    (from.x + to.x) / 2 - ((to.y - from.y) / length) * bend,
    (from.y + to.y) / 2 + ((to.x - from.x) / length) * bend,
  ];
  const start = border(from, middle, 2);
  const tip = border(to, middle, 3);
  return { relation, width, ...arrowed(start, middle, tip, width) };
}

/**
 * A country's stance toward itself: a loop outside the ellipse.
 *
 * @param {Relation} relation
 * @param {Node} node
 * @param {number} rank
 * @param {number} width
 * @param {[number, number]} centre
 * @returns {Edge}
 */
function loop(relation, node, rank, width, centre) {
  const up = node.y < centre[1] ? -1 : 1;
  const reach = up * (node.height / 2 + 10 + 8 * rank);
  const start = [node.x - 8, node.y + (up * node.height) / 2];
  const tip = [node.x + 8, node.y + up * (node.height / 2 + 2)];
  return { relation, width, ...arrowed(start, [node.x, node.y + 2 * reach], tip, width) };
}

/**
 * @param {number[]} start
 * @param {number[]} bend
 * @param {number[]} tip
 * @param {number} width
 */
function arrowed(start, bend, tip, width) {
  const size = ARROW + width;
  const length = Math.hypot(tip[0] - bend[0], tip[1] - bend[1]) || 1;
  const [dx, dy] = [(tip[0] - bend[0]) / length, (tip[1] - bend[1]) / length];
  const base = [tip[0] - size * dx, tip[1] - size * dy];
  const wing = size * 0.45;
  const points = [tip, [base[0] - wing * dy, base[1] + wing * dx], [base[0] + wing * dy, base[1] - wing * dx]];
  return {
    path: `M${pair(start)}Q${pair(bend)} ${pair(base)}`,
    arrow: `M${points.map(pair).join('L')}Z`,
  };
}

/**
 * Where the way from a node's middle to a point leaves the node, and a bit further.
 *
 * @param {Node} node
 * @param {number[]} point
 * @param {number} gap
 */
function border(node, point, gap) {
  const [dx, dy] = [point[0] - node.x, point[1] - node.y];
  const scale = Math.min(
    (node.width / 2 + gap) / Math.abs(dx || 1e-9),
    (node.height / 2 + gap) / Math.abs(dy || 1e-9),
    1,
  );
  return [node.x + dx * scale, node.y + dy * scale];
}

/** @param {number[]} point */
function pair(point) {
  return point.map(round).join(' ');
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
