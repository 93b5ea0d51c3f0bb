/** Which country takes which stance, in how many sentences. */

/** @import {Store} from './store.js' */
/** @import {Row} from './types.js' */

import { countByCountry } from './derive.js';
import { el } from './dom.js';
import { keepingFocus } from './filters.js';
import { codeTag, stanceLabel } from './marks.js';
import { entityHeading, entityWords, labelWord } from './scheme.js';
import { stanceHue } from './colours.js';

/**
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {() => void} onChosen  Called after a cell set the filters.
 */
export function mountTable(root, store, onChosen) {
  let all = false;
  const toggle = () => {
    all = !all;
    draw();
  };
  const draw = () => {
    const rows = countByCountry(store.scoped(), store.state.view.min);
    const taking = rows.filter((row) => row.total > 0);
    const idle = rows.length - taking.length;
    keepingFocus(root, () => {
      root.replaceChildren(
        rows.length
          ? table(store, all ? rows : taking, onChosen)
          : el('p', { class: 'muted' }, `No ${entityWords()[0]} is mentioned.`),
        ...(idle
          ? [
              el(
                'button',
                {
                  type: 'button',
                  class: 'quiet small',
                  'data-key': 'idle',
                  'aria-expanded': String(all),
                  onclick: toggle,
                },
                all ? `Hide those without a ${labelWord()}` : `${idle} mentioned without a ${labelWord()}`,
              ),
            ]
          : []),
      );
    });
  };
  store.on(['readings', 'view', 'info', 'scope', 'current'], draw);
}

/**
 * @param {Store} store
 * @param {Row[]} rows
 * @param {() => void} onChosen
 */
function table(store, rows, onChosen) {
  const labels = (store.state.info?.labels ?? []).map(({ name }) => name);
  const most = Math.max(1, ...rows.flatMap((row) => Object.values(row.counts)));
  return el(
    'table',
    { class: 'stances' },
    el('caption', { class: 'visually-hidden' }, `Sentences in which each ${entityHeading()[0].toLowerCase()} takes each ${labelWord()}`),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        el('th', { scope: 'col' }, entityHeading()[0]),
        labels.map((name) => el('th', { scope: 'col' }, stanceLabel(name))),
      ),
    ),
    el(
      'tbody',
      {},
      rows.map((row) =>
        el(
          'tr',
          {},
          el('th', { scope: 'row' }, codeTag(row.code), ' ', el('span', { class: 'country-name' }, row.name)),
          labels.map((name) => el('td', {}, cell(store, row, name, most, onChosen))),
        ),
      ),
    ),
  );
}

/**
 * @param {Store} store
 * @param {Row} row
 * @param {string} stance
 * @param {number} most
 * @param {() => void} onChosen
 */
function cell(store, row, stance, most, onChosen) {
  const count = row.counts[stance] ?? 0;
  if (!count) return el('span', { class: 'zero' }, '·', el('span', { class: 'visually-hidden' }, '0'));
  const { view } = store.state;
  const pressed =
    view.codes.size === 1 && view.codes.has(row.code) && view.stances.size === 1 && view.stances.has(stance);
  const choose = () => {
    const chosen = pressed
      ? { codes: new Set(/** @type {string[]} */ ([])), stances: new Set(/** @type {string[]} */ ([])), target: null }
      : { codes: new Set([row.code]), stances: new Set([stance]), target: null };
    store.look(chosen);
    if (!pressed) onChosen();
  };
  return el(
    'button',
    {
      type: 'button',
      class: 'count',
      '--stance-hue': stanceHue(stance),
      '--strength': `${Math.round(12 + (28 * count) / most)}%`,
      'aria-pressed': String(pressed),
      'aria-label': `${row.name}, ${stance}: ${count} ${count === 1 ? 'sentence' : 'sentences'}`,
      'data-key': `cell ${row.code} ${stance}`,
      onclick: choose,
    },
    count,
  );
}
