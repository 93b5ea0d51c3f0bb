/** Who takes which stance toward whom, as a graph and as a table. */

/** @import {Store} from './store.js' */
/** @import {Relation} from './types.js' */
/** @import {Edge, Node as GraphNode} from './graph-layout.js' */

import { countryHue, stanceHue } from './colours.js';
import { entityNames, relate } from './derive.js';
import { el, svg } from './dom.js';
import { keepingFocus } from './filters.js';
import { layOut } from './graph-layout.js';
import { codeTag, percent, shortCode, stanceLabel } from './marks.js';
import { hideTip, showTip } from './tip.js';

// Lines differ in dashes too, not only in colour.
const DASHES = ['', '7 4', '2 4', '9 3 2 3', '14 4', '4 2'];

/**
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {() => void} onChosen  Called after an edge set the filters.
 */
export function mountGraph(root, store, onChosen) {
  let open = false;
  const draw = () => {
    const relations = relate(store.scoped(), store.state.view);
    const names = entityNames(store.state.readings);
    const name = (/** @type {string} */ code) => names.get(code) ?? code;
    const choose = (/** @type {Relation} */ { source, stance, target }) => {
      store.look({ codes: new Set([source]), stances: new Set([stance]), target });
      onChosen();
    };
    const labels = (store.state.info?.labels ?? []).map((label) => label.name);
    keepingFocus(root, () => {
      if (!relations.length) {
        root.replaceChildren(el('p', { class: 'muted' }, 'No stance toward anybody.'));
        return;
      }
      const details = relationTable(relations, name, choose);
      details.open = open;
      details.addEventListener('toggle', () => {
        open = details.open;
      });
      root.replaceChildren(...drawing(relations, name, choose, labels, root.clientWidth || 440), details);
    });
  };
  store.on(['readings', 'view', 'info', 'scope', 'current'], draw);
  let width = 0;
  new ResizeObserver(() => {
    if (Math.abs(root.clientWidth - width) < 8) return;
    width = root.clientWidth;
    draw();
  }).observe(root);
}

/**
 * @param {Relation[]} relations
 * @param {(code: string) => string} name
 * @param {(relation: Relation) => void} choose
 * @param {string[]} labels
 * @param {number} width
 */
function drawing(relations, name, choose, labels, width) {
  const layout = layOut(relations, shortCode, width);
  const picture = svg(
    'svg',
    {
      class: 'graph',
      viewBox: `0 0 ${layout.width} ${layout.height}`,
      role: 'group',
      'aria-label': 'Graph of stances between countries',
    },
    layout.edges.map((edge) => edgeElement(edge, name, choose, labels)),
    layout.nodes.map((node) => nodeElement(node, name)),
  );
  const used = labels.filter((label) => relations.some(({ stance }) => stance === label));
  const legend = el(
    'p',
    { class: 'legend' },
    used.map((label) => legendItem(label, labels)),
  );
  const left = layout.left
    ? [el('p', { class: 'muted small' }, `${layout.left} further countries are in the table below.`)]
    : [];
  return [picture, legend, ...left];
}

/**
 * @param {Edge} edge
 * @param {(code: string) => string} name
 * @param {(relation: Relation) => void} choose
 * @param {string[]} labels
 */
function edgeElement({ relation, path, arrow, width }, name, choose, labels) {
  const text = describe(relation, name);
  const group = svg(
    'g',
    {
      class: 'edge',
      role: 'button',
      tabindex: 0,
      'aria-label': text,
      'data-key': `edge ${relation.source} ${relation.stance} ${relation.target}`,
      '--stance-hue': stanceHue(relation.stance),
    },
    svg('path', { class: 'reach', d: path }),
    svg('path', { class: 'line', d: path, 'stroke-width': width, 'stroke-dasharray': dashes(relation.stance, labels) }),
    svg('path', { class: 'arrow', d: arrow }),
  );
  group.addEventListener('click', () => choose(relation));
  group.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    choose(relation);
  });
  for (const type of ['pointerenter', 'focus']) group.addEventListener(type, () => showTip(group, text));
  for (const type of ['pointerleave', 'blur']) group.addEventListener(type, hideTip);
  return group;
}

/**
 * @param {GraphNode} node
 * @param {(code: string) => string} name
 */
function nodeElement({ code, label, x, y, width, height }, name) {
  const group = svg(
    'g',
    { class: 'node', '--hue': countryHue(code) },
    svg('rect', { x: x - width / 2, y: y - height / 2, width, height, rx: height / 2 }),
    svg('text', { x, y, 'text-anchor': 'middle', dy: '0.36em' }, label),
  );
  group.addEventListener('pointerenter', () => showTip(group, name(code)));
  group.addEventListener('pointerleave', hideTip);
  return group;
}

/**
 * @param {string} stance
 * @param {string[]} labels
 */
function legendItem(stance, labels) {
  const line = svg(
    'svg',
    { class: 'sample', viewBox: '0 0 28 8', 'aria-hidden': 'true', '--stance-hue': stanceHue(stance) },
    svg('path', { class: 'line', d: 'M1 4H27', 'stroke-width': 2, 'stroke-dasharray': dashes(stance, labels) }),
  );
  return el('span', {}, line, stance);
}

/**
 * @param {Relation[]} relations
 * @param {(code: string) => string} name
 * @param {(relation: Relation) => void} choose
 */
function relationTable(relations, name, choose) {
  const rows = relations.map((relation) =>
    el(
      'tr',
      {},
      el('td', {}, codeTag(relation.source), ' ', name(relation.source)),
      el('td', {}, stanceLabel(relation.stance)),
      el('td', {}, codeTag(relation.target), ' ', name(relation.target)),
      el(
        'td',
        { class: 'number' },
        el(
          'button',
          {
            type: 'button',
            class: 'link',
            'aria-label': `Show: ${describe(relation, name)}`,
            'data-key': `row ${relation.source} ${relation.stance} ${relation.target}`,
            onclick: () => choose(relation),
          },
          relation.places.length,
        ),
      ),
      el('td', { class: 'number' }, percent(relation.score)),
    ),
  );
  const head = ['Who', 'Stance', 'Toward', 'Sentences', 'Score'].map((title) => el('th', { scope: 'col' }, title));
  return el(
    'details',
    { class: 'as-table' },
    el('summary', { 'data-key': 'summary' }, `As a table (${relations.length})`),
    el(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Stances between countries' },
      el('table', { class: 'plain' }, el('thead', {}, el('tr', {}, head)), el('tbody', {}, rows)),
    ),
  );
}

/**
 * @param {Relation} relation
 * @param {(code: string) => string} name
 */
function describe({ source, stance, target, places, score }, name) {
  const quantity = places.length === 1 ? '1 sentence' : `${places.length} sentences`;
  return `${name(source)}: ${stance} toward ${name(target)}, ${quantity}, up to ${percent(score)}`;
}

/**
 * @param {string} stance
 * @param {string[]} labels
 */
function dashes(stance, labels) {
  return DASHES[Math.max(0, labels.indexOf(stance)) % DASHES.length] || null;
}
