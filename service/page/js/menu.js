/** A button that opens a few others. */

import { el } from './dom.js';

/**
 * @param {string} title
 * @param {...Node} children
 */
export function menu(title, ...children) {
  const details = el(
    'details',
    { class: 'menu' },
    el('summary', { class: 'button' }, title),
    el('div', { class: 'menu-body' }, children),
  );
  details.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !details.open) return;
    details.open = false;
    details.querySelector('summary')?.focus();
    event.stopPropagation();
  });
  document.addEventListener('pointerdown', (event) => {
    if (event.target instanceof Node && !details.contains(event.target)) details.open = false;
  });
  return details;
}

/**
 * An item of a menu; the menu closes when it is chosen.
 *
 * @param {string} title
 * @param {() => unknown} action
 */
export function menuItem(title, action) {
  const choose = (/** @type {Event} */ event) => {
    const details = /** @type {HTMLElement} */ (event.target).closest('details');
    if (details) details.open = false;
    action();
  };
  return el('button', { type: 'button', class: 'menu-item', onclick: choose }, title);
}
