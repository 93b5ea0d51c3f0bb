/** The list of documents, with what went wrong with the faulty ones. */

/** @import {Store} from './store.js' */
/** @import {Reading} from './types.js' */

import { el } from './dom.js';

/**
 * @param {HTMLElement} panel
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {(reading: number) => void} onChosen
 */
export function mountDocuments(panel, root, store, onChosen) {
  const list = el('ul', { class: 'documents' });
  const scope = scopeToggle(store);
  /** @type {Reading[]} */
  let drawn = [];
  const draw = () => {
    const { readings, current } = store.state;
    panel.hidden = readings.length < 2 && !readings.some(({ fault }) => fault);
    scope.hidden = readings.length < 2;
    // While answers come in only the new ones are added.
    const grown = drawn.length <= readings.length && drawn.every((reading, index) => reading === readings[index]);
    if (!grown) list.replaceChildren();
    const start = grown ? drawn.length : 0;
    list.append(...readings.slice(start).map((reading, index) => item(reading, start + index, onChosen)));
    drawn = readings;
    list.querySelector('[aria-current]')?.removeAttribute('aria-current');
    list.children[current]?.querySelector('button')?.setAttribute('aria-current', 'true');
  };
  root.replaceChildren(scope, list);
  store.on(['readings', 'current'], draw);
}

/**
 * @param {Reading} reading
 * @param {number} index
 * @param {(reading: number) => void} onChosen
 */
function item({ document, sentences, fault }, index, onChosen) {
  return el(
    'li',
    {},
    el(
      'button',
      { type: 'button', onclick: () => onChosen(index) },
      el('span', { class: 'name' }, documentName(document, index)),
      el('span', { class: 'muted small' }, document.date),
      el('span', { class: 'small number muted' }, fault ? 'not read' : `${sentences.length} sentences`),
    ),
    fault && el('p', { class: 'fault' }, fault),
  );
}

/**
 * @param {import('./types.js').SourceDocument} document
 * @param {number} index
 */
export function documentName({ id }, index) {
  return id || `Document ${index + 1}`;
}

/** @param {Store} store */
function scopeToggle(store) {
  const box = el('input', { type: 'checkbox' });
  box.addEventListener('change', () => store.set({ scope: box.checked ? 'one' : 'all' }));
  store.on(['scope', 'readings'], () => {
    box.checked = store.state.scope === 'one';
  });
  return el('label', { class: 'inline small scope' }, box, ' Count the shown document only');
}
