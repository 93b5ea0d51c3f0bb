/** Who corrects and reviews: a name, kept in this browser. */

import { el } from './dom.js';

const KEY = 'entity-stance.user';

/** @returns {string} */
export function userName() {
  return localStorage.getItem(KEY) ?? '';
}

/**
 * A field for the name, which keeps what is entered.
 *
 * @param {string} id
 * @param {() => void} [onChange]
 */
export function userField(id, onChange) {
  const input = el('input', {
    id,
    type: 'text',
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: 100,
    value: userName(),
    required: true,
  });
  input.addEventListener('change', () => {
    localStorage.setItem(KEY, input.value.trim());
    onChange?.();
  });
  return el('label', { class: 'inline user', for: id }, 'Your name ', input);
}
