/** How far annotators agree: Krippendorff's alpha from `GET /review/agreement`. */

import { call } from './api.js';
import { el } from './dom.js';

/**
 * Draw the panel with the present figures.
 *
 * @param {HTMLElement} root
 */
export async function showAgreement(root) {
  const { sentences, annotators, alpha } = await call('review/agreement');
  const rows = Object.entries(alpha).map(([name, value]) =>
    el(
      'tr',
      {},
      el('th', { scope: 'row' }, name),
      el('td', { class: 'number' }, value === null ? '–' : Number(value).toFixed(2)),
      el('td', {}, meaning(value)),
    ),
  );
  root.replaceChildren(
    el(
      'p',
      { class: 'muted small' },
      `${sentences.toLocaleString('en')} sentences judged twice or more, by ${annotators} ${annotators === 1 ? 'person' : 'people'}`,
    ),
    el(
      'table',
      { class: 'plain' },
      el('caption', { class: 'visually-hidden' }, "Krippendorff's alpha"),
      el('tbody', {}, rows),
    ),
    el('p', { class: 'muted small' }, "Krippendorff's alpha: 1 is full agreement, 0 what chance would give."),
  );
}

/**
 * The usual reading of alpha (Krippendorff 2004): rely on 0.8 and more, conclude with care from 0.667.
 *
 * @param {unknown} alpha
 */
function meaning(alpha) {
  if (typeof alpha !== 'number') return 'not enough yet';
  if (alpha >= 0.8) return 'good';
  return alpha >= 0.667 ? 'fair' : 'weak';
}
