/** A dialog that explains keys. */

import { byId, el } from './dom.js';

/**
 * @param {string} title
 * @param {string[][]} keys  Pairs of a key and what it does.
 */
export function showHelp(title, keys) {
  /** @type {HTMLDialogElement} */
  const dialog = byId('help-dialog');
  dialog.replaceChildren(
    el('h2', { id: 'help-title' }, title),
    el(
      'dl',
      { class: 'keys' },
      keys.map(([key, text]) => [el('dt', {}, el('kbd', {}, key)), el('dd', {}, text)]).flat(),
    ),
    el('div', { class: 'actions' }, el('button', { type: 'button', onclick: () => dialog.close() }, 'Close')),
  );
  dialog.showModal();
}
