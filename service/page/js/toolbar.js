/** The line above the results: what was read, and what can be done with it. */

/** @import {Store} from './store.js' */

import { isFiltered, matchingPlaces } from './derive.js';
import { byId, el, icon } from './dom.js';
import { download, graphAsPng, graphAsSvg, toCsv, toJson } from './export.js';
import { menu, menuItem } from './menu.js';
import { notify, report } from './notices.js';
import { entityWords } from './scheme.js';
import { pack, writeHash } from './share.js';

/**
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {{onNew: () => void, onStep: (step: number) => void, onText: (packed: string) => void, actions: Node[]}} options
 */
export function mountToolbar(root, store, { onNew, onStep, onText, actions }) {
  const facts = el('p', { class: 'facts' });
  const matches = el('div', { class: 'matches', role: 'group', 'aria-label': 'Matching sentences' });
  const count = el('span', { class: 'small', role: 'status' });
  const step = (/** @type {number} */ by, /** @type {string} */ label, /** @type {string} */ symbol) =>
    el(
      'button',
      { type: 'button', class: 'quiet icon-button', 'aria-label': label, title: label, onclick: () => onStep(by) },
      icon(symbol),
    );
  matches.append(count, step(-1, 'Previous matching sentence', 'previous'), step(1, 'Next matching sentence', 'next'));
  const fresh = el('button', { type: 'button', id: 'new-text', onclick: onNew }, 'New text');
  root.replaceChildren(
    facts,
    matches,
    el('span', { class: 'spring' }),
    ...actions,
    shareMenu(store, onText),
    exportMenu(store),
    fresh,
  );

  store.on(['readings', 'view'], () => {
    const { readings, view } = store.state;
    const all = readings.map((reading, index) => ({ reading, index }));
    facts.textContent = summary(store);
    const found = matchingPlaces(all, view).length;
    count.textContent = `${found.toLocaleString('en')} matching ${found === 1 ? 'sentence' : 'sentences'}`;
    matches.hidden = !isFiltered(view);
  });
}

/** @param {Store} store */
function summary({ state: { readings } }) {
  const sentences = readings.reduce((total, reading) => total + reading.sentences.length, 0);
  const codes = new Set(
    readings.flatMap((reading) => reading.sentences.flatMap(({ entities }) => entities.map(({ code }) => code))),
  );
  const parts = [
    ...(readings.length > 1 ? [[readings.length, 'document', 'documents']] : []),
    [sentences, 'sentence', 'sentences'],
    [codes.size, ...entityWords()],
  ];
  return parts.map(([number, one, many]) => `${number.toLocaleString('en')} ${number === 1 ? one : many}`).join(' · ');
}

/**
 * @param {Store} store
 * @param {(packed: string) => void} onText
 */
function shareMenu(store, onText) {
  const filters = menuItem('Copy a link with the filters', () => copy(link(store, null)));
  const text = menuItem('Copy a link with filters and text', async () => {
    const packed = await pack(store.state.readings.map(({ document }) => document));
    onText(packed);
    copy(link(store, packed));
  });
  return menu(
    'Share',
    filters,
    text,
    el('p', { class: 'muted small' }, 'The text is kept in the link itself. Nothing is sent anywhere.'),
  );
}

/**
 * @param {Store} store
 * @param {string|null} packed
 */
function link(store, packed) {
  const address = new URL(document.baseURI);
  address.search = '';
  address.hash = writeHash(store.state.view, store.state.current, packed);
  return address.href;
}

/** @param {string} address */
async function copy(address) {
  const length = `${address.length.toLocaleString('en')} characters`;
  try {
    await navigator.clipboard.writeText(address);
    notify('note', `The link is copied (${length}).`, 'share');
  } catch {
    // Without https browsers let no page write the clipboard; the address bar has the same link.
    history.replaceState(null, '', address);
    notify('note', `The link is in the address bar (${length}): copy it from there.`, 'share');
  }
}

/** @param {Store} store */
function exportMenu(store) {
  const labels = () => (store.state.info?.labels ?? []).map(({ name }) => name);
  const graph = async (
    /** @type {(graph: SVGSVGElement) => Blob|Promise<Blob>} */ make,
    /** @type {string} */ name,
  ) => {
    const drawing = byId('graph').querySelector('svg.graph');
    if (!(drawing instanceof SVGSVGElement))
      return notify('note', 'There is no stance toward anybody to draw.', 'export');
    try {
      return download(name, await make(drawing));
    } catch (error) {
      return report(error);
    }
  };
  const graphItem = (/** @type {string} */ name, /** @type {() => unknown} */ action) => {
    const item = menuItem(name, action);
    store.on(['info'], () => {
      item.hidden = !store.state.info?.directed;
    });
    return item;
  };
  return menu(
    'Export',
    menuItem('CSV: a row a stance', () => {
      const { readings, view } = store.state;
      download('stances.csv', new Blob([toCsv(readings, view, labels())], { type: 'text/csv' }));
    }),
    menuItem('JSON: sentences and entities', () => {
      const { readings, view } = store.state;
      download('stances.json', new Blob([toJson(readings, view)], { type: 'application/json' }));
    }),
    graphItem('Graph as SVG', () => graph(graphAsSvg, 'stances.svg')),
    graphItem('Graph as PNG', () => graph(graphAsPng, 'stances.png')),
    el('p', { class: 'muted small' }, 'Files hold what the filters show.'),
  );
}
