/** What a stance and a country look like wherever they stand: a mark with its name, never a colour alone. */

/** @import {Stance} from './types.js' */

import { countryHue, stanceHue, stanceIcon } from './colours.js';
import { el, icon } from './dom.js';

/**
 * The mark of a stance in the article.
 *
 * @param {Stance} stance
 */
export function stanceMark({ stance, toward, tentative }) {
  const codes = toward.map(({ code }) => shortCode(code)).join(', ');
  return el(
    'span',
    { class: tentative ? 'mark tentative' : 'mark', '--stance-hue': stanceHue(stance), 'data-stance': stance },
    icon(stanceIcon(stance)),
    stance,
    codes && el('span', { class: 'to' }, ` → ${codes}`),
  );
}

/**
 * A stance with its icon, as a label.
 *
 * @param {string} stance
 */
export function stanceLabel(stance) {
  return el(
    'span',
    { class: 'stance', '--stance-hue': stanceHue(stance) },
    icon(stanceIcon(stance)),
    el('span', { class: 'stance-name' }, stance),
  );
}

/**
 * A country's code in its colour.
 *
 * @param {string} code
 */
export function codeTag(code) {
  return el('span', { class: 'code', '--hue': countryHue(code) }, shortCode(code));
}

/**
 * A code as it is shown: blocs' codes are long and written with underscores.
 *
 * @param {string} code
 */
export function shortCode(code) {
  return code.replaceAll('_', ' ');
}

/**
 * A probability as it is shown.
 *
 * @param {number} score
 */
export function percent(score) {
  return `${Math.round(score * 100)}%`;
}
