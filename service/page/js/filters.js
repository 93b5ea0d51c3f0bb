/** The filters: stances, countries, a target, and how sure the model has to be. */

/** @import {Store} from './store.js' */

import { countByCountry, isFiltered } from './derive.js';
import { el, icon } from './dom.js';
import { codeTag, percent, stanceLabel } from './marks.js';
import { entityHeading, labelWord } from './scheme.js';
import { emptyView } from './store.js';

const COUNTRIES_SHOWN = 8;

/**
 * @param {HTMLElement} root
 * @param {Store} store
 */
export function mountFilters(root, store) {
  const stances = el('div', { class: 'group', role: 'group', 'aria-label': 'Stances' });
  const countries = el('div', { class: 'group', role: 'group', 'aria-label': 'Countries' });
  root.replaceChildren(stances, countries, confidence(store));

  const draw = () => {
    stances.setAttribute('aria-label', `${labelWord() === 'stance' ? 'Stances' : 'Labels'}`);
    countries.setAttribute('aria-label', entityHeading()[1]);
    keepingFocus(root, () => {
      stances.replaceChildren(...stanceToggles(store));
      countries.replaceChildren(...countryToggles(store), ...targetToggle(store), ...clearButton(store));
    });
  };
  store.on(['readings', 'view', 'info', 'scope', 'current'], draw);
}

/** @param {Store} store */
function stanceToggles(store) {
  const { info, view } = store.state;
  return (info?.labels ?? []).map(({ name, description }) =>
    el(
      'button',
      {
        type: 'button',
        class: 'toggle',
        'aria-pressed': String(view.stances.has(name)),
        title: description ? `${name}: ${description}` : name,
        'data-key': `stance ${name}`,
        onclick: () => store.look({ stances: toggled(view.stances, name) }),
      },
      stanceLabel(name),
    ),
  );
}

/** @param {Store} store */
function countryToggles(store) {
  const { view } = store.state;
  const rows = countByCountry(store.scoped(), view.min);
  const shown = rows.filter((row, index) => index < COUNTRIES_SHOWN || view.codes.has(row.code));
  const rest = rows.filter((row) => !shown.includes(row));
  const buttons = shown.map(({ code, name }) =>
    el(
      'button',
      {
        type: 'button',
        class: 'toggle',
        'aria-pressed': String(view.codes.has(code)),
        'aria-label': name,
        title: name,
        'data-key': `country ${code}`,
        onclick: () => store.look({ codes: toggled(view.codes, code) }),
      },
      codeTag(code),
    ),
  );
  return rest.length ? [...buttons, furtherCountries(store, rest)] : buttons;
}

/**
 * @param {Store} store
 * @param {import('./types.js').Row[]} rows
 */
function furtherCountries(store, rows) {
  const sorted = [...rows].sort((a, b) => a.name.localeCompare(b.name, 'en'));
  const select = el(
    'select',
    { 'aria-label': `Further ${entityHeading()[1].toLowerCase()}`, 'data-key': 'further', class: 'further' },
    el('option', { value: '' }, `${rows.length} more…`),
    sorted.map(({ code, name }) => el('option', { value: code }, name)),
  );
  select.addEventListener('change', () => store.look({ codes: toggled(store.state.view.codes, select.value) }));
  return select;
}

/** @param {Store} store */
function targetToggle(store) {
  const { target } = store.state.view;
  if (target === null) return [];
  const remove = () => store.look({ target: null });
  return [
    el(
      'button',
      {
        type: 'button',
        class: 'toggle',
        'aria-pressed': 'true',
        'data-key': 'target',
        'aria-label': `toward ${target}, remove`,
        onclick: remove,
      },
      'toward ',
      codeTag(target),
      icon('close'),
    ),
  ];
}

/** @param {Store} store */
function clearButton(store) {
  const { view } = store.state;
  if (!isFiltered(view)) return [];
  const clear = () => store.look({ ...emptyView(), min: view.min });
  return [el('button', { type: 'button', class: 'quiet', 'data-key': 'clear', onclick: clear }, 'Clear')];
}

/** @param {Store} store */
function confidence(store) {
  const slider = el('input', { type: 'range', id: 'confidence', min: 5, max: 95, step: 1, value: 50 });
  const output = el('output', { for: 'confidence', class: 'small' });
  const reset = el('button', { type: 'button', class: 'quiet', title: 'Show what the model itself decides' }, 'Reset');
  slider.addEventListener('input', () => store.look({ min: slider.valueAsNumber / 100 }));
  reset.addEventListener('click', () => {
    store.look({ min: null });
    slider.focus();
  });
  const show = () => {
    const { min } = store.state.view;
    slider.classList.toggle('idle', min === null);
    if (min !== null) slider.value = String(Math.round(min * 100));
    const own = store.state.info?.multi_label === false ? "model's choice" : "model's thresholds";
    const text = min === null ? own : `from ${percent(min)}`;
    output.textContent = text;
    slider.setAttribute('aria-valuetext', text);
    reset.hidden = min === null;
  };
  store.on(['view', 'info'], show);
  show();
  return el(
    'div',
    { class: 'group confidence' },
    el('label', { for: 'confidence', class: 'small muted' }, 'Confidence'),
    slider,
    output,
    reset,
  );
}

/**
 * @param {Set<string>} values
 * @param {string} value
 */
function toggled(values, value) {
  const next = new Set(values);
  if (!next.delete(value)) next.add(value);
  return next;
}

/**
 * Redraw, then give the focus to what stands in the place of the element that had it.
 *
 * @param {HTMLElement} root
 * @param {() => void} draw
 */
export function keepingFocus(root, draw) {
  const focused = document.activeElement;
  const key = focused && root.contains(focused) ? focused.getAttribute('data-key') : null;
  draw();
  if (key === null) return;
  const next = [...root.querySelectorAll('[data-key]')].find((element) => element.getAttribute('data-key') === key);
  if (next instanceof HTMLElement || next instanceof SVGElement) next.focus();
}
