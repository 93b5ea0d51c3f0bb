/** Where the nodes and edges of the graph lie: on an ellipse, always the same for the same relations. No DOM in here. */

/** @import {Relation} from './types.js' */

const MOST_NODES = 36;
const NODE_HEIGHT = 24;
const ARROW = 8;

/**
 * @typedef {{code: string, label: string, x: number, y: number, width: number, height: number}} Node
 * @typedef {{relation: Relation, path: string, arrow: string, width: number, middle: [number, number]}} Edge
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
  const codes = order.slice(0, MOST_NODES);
  const height = Math.round(Math.min(640, Math.max(250, 120 + codes.length * 24)));
  const nodes = place(codes, label, width, height);
  const byCode = new Map(nodes.map((node) => [node.code, node]));
  const kept = relations.filter(({ source, target }) => byCode.has(source) && byCode.has(target));
  const edges = kept.map((relation) => edge(relation, kept, byCode, [width / 2, height / 2]));
  return { width, height, nodes, edges, left: order.length - codes.length };
}

/**
 * Countries, strongest first, each followed by the one that it has most to do with: few edges then cross.
 *
 * @param {Relation[]} relations
 * @returns {string[]}
 */
function ordered(relations) {
  /** @type {Map<string, Map<string, number>>} */
  const ties = new Map();
  const tie = (/** @type {string} */ a, /** @type {string} */ b, /** @type {number} */ weight) => {
    const own = ties.get(a) ?? new Map();
    ties.set(a, own.set(b, (own.get(b) ?? 0) + weight));
  };
  for (const { source, target, places } of relations) {
    tie(source, target, places.length);
    tie(target, source, places.length);
  }
  const weight = new Map([...ties].map(([code, own]) => [code, [...own.values()].reduce((sum, value) => sum + value, 0)]));
  const rest = [...ties.keys()].sort((a, b) => (weight.get(b) ?? 0) - (weight.get(a) ?? 0) || (a < b ? -1 : 1));
  const kept = rest.slice(0, MOST_NODES);
  const result = [];
  for (let code = kept.shift(); code !== undefined; ) {
    result.push(code);
    const own = ties.get(code);
    const next = kept.reduce((best, item, index) => ((own?.get(item) ?? 0) > (own?.get(kept[best]) ?? 0) ? index : best), 0);
    code = kept.splice(next, 1)[0];
  }
  return [...result, ...rest.slice(MOST_NODES)];
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
  const middle = /** @type {[number, number]} */ ([
    (from.x + to.x) / 2 - ((to.y - from.y) / length) * bend,
    (from.y + to.y) / 2 + ((to.x - from.x) / length) * bend,
  ]);
  const start = border(from, middle, 2);
  const tip = border(to, middle, 3);
  return { relation, width, ...arrowed(start, middle, tip, width), middle: [0, 1].map((i) => round(start[i] / 4 + middle[i] / 2 + tip[i] / 4)) };
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
  return { relation, width, ...arrowed(start, [node.x, node.y + 2 * reach], tip, width), middle: [node.x, round(node.y + reach)] };
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
  const scale = Math.min((node.width / 2 + gap) / Math.abs(dx || 1e-9), (node.height / 2 + gap) / Math.abs(dy || 1e-9), 1);
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
