/** The list of documents, with what went wrong with the faulty ones. */

/** @import {Store} from './store.js' */

import { el } from './dom.js';
import { keepingFocus } from './filters.js';

/**
 * @param {HTMLElement} panel
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {(reading: number) => void} onChosen
 */
export function mountDocuments(panel, root, store, onChosen) {
  const list = el('ul', { class: 'documents' });
  const scope = scopeToggle(store);
  const draw = () => {
    const { readings, current } = store.state;
    panel.hidden = readings.length < 2 && !readings.some(({ fault }) => fault);
    scope.hidden = readings.length < 2;
    keepingFocus(root, () => {
      list.replaceChildren(
        ...readings.map((reading, index) =>
          el(
            'li',
            {},
            el(
              'button',
              {
                type: 'button',
                'aria-current': index === current ? 'true' : null,
                'data-key': `document ${index}`,
                onclick: () => onChosen(index),
              },
              el('span', { class: 'name' }, documentName(reading.document, index)),
              el('span', { class: 'muted small' }, reading.document.date),
              el(
                'span',
                { class: 'small number muted' },
                reading.fault ? 'not read' : `${reading.sentences.length} sentences`,
              ),
            ),
            reading.fault && el('p', { class: 'fault' }, reading.fault),
          ),
        ),
      );
    });
  };
  root.replaceChildren(scope, list);
  store.on(['readings', 'current'], draw);
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
