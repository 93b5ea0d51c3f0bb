/** Stances of each country over time, where documents have dates: a row of stacked bars a country. */

/** @import {Store} from './store.js' */
/** @import {Scoped} from './derive.js' */

import { countryHue, stanceHue } from './colours.js';
import { shownStances } from './derive.js';
import { el, svg } from './dom.js';
import { keepingFocus } from './filters.js';
import { codeTag, shortCode } from './marks.js';
import { hideTip, showTip } from './tip.js';

const DAY = 86_400_000;
const MOST_DAYS = 62;
const ROWS = 8;
const ROW_HEIGHT = 44;
const LEFT = 96;
const RIGHT = 12;
const FOOT = 22;

/**
 * @typedef {{code: string, name: string, total: number, buckets: Map<string, Record<string, number>>}} Series
 * @typedef {{keys: string[], unit: 'day'|'month', series: Series[], first: Map<string, number>}} Timeline
 *   `first` is the first reading of each bucket.
 */

/**
 * Count stances by country and day, or by month when the documents span more than two of them.
 *
 * @param {Scoped} scoped
 * @param {import('./types.js').View} view
 * @returns {Timeline|null} Null unless documents of two different days have a stance to show.
 */
export function timelineOf(scoped, view) {
  const dated = scoped.filter(({ reading }) => reading.document.date && !reading.fault);
  const days = [...new Set(dated.map(({ reading }) => /** @type {string} */ (reading.document.date)))].sort();
  if (days.length < 2) return null;
  const [start, end] = [Date.parse(days[0]), Date.parse(days[days.length - 1])];
  const unit = (end - start) / DAY > MOST_DAYS ? 'month' : 'day';
  const keyOf = (/** @type {string} */ day) => (unit === 'day' ? day : day.slice(0, 7));
  /** @type {Map<string, Series>} */
  const series = new Map();
  const first = new Map();
  for (const { reading, index } of dated) {
    const key = keyOf(/** @type {string} */ (reading.document.date));
    if (!first.has(key)) first.set(key, index);
    for (const entity of reading.sentences.flatMap(({ entities }) => entities)) {
      for (const { stance } of shownStances(entity, view)) {
        let own = series.get(entity.code);
        if (!own)
          series.set(entity.code, (own = { code: entity.code, name: entity.name, total: 0, buckets: new Map() }));
        const counts = own.buckets.get(key) ?? {};
        own.buckets.set(key, counts);
        counts[stance] = (counts[stance] ?? 0) + 1;
        own.total += 1;
      }
    }
  }
  const sorted = [...series.values()].sort((a, b) => b.total - a.total || a.name.localeCompare(b.name, 'en'));
  return { keys: keysBetween(start, end, unit), unit, series: sorted, first };
}

/**
 * @param {number} start
 * @param {number} end
 * @param {'day'|'month'} unit
 */
function keysBetween(start, end, unit) {
  const keys = new Set();
  for (let time = start; time <= end; time += DAY) {
    keys.add(new Date(time).toISOString().slice(0, unit === 'day' ? 10 : 7));
  }
  return [...keys];
}

/**
 * @param {HTMLElement} panel
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {(reading: number) => void} onChosen  Called with the first document of a bar.
 */
export function mountTimeline(panel, root, store, onChosen) {
  let all = false;
  let open = false;
  const draw = () => {
    const scoped = store.state.readings.map((reading, index) => ({ reading, index }));
    const timeline = timelineOf(scoped, store.state.view);
    panel.hidden = timeline === null;
    if (!timeline) return;
    const labels = (store.state.info?.labels ?? []).map(({ name }) => name);
    const shown = all ? timeline.series : timeline.series.slice(0, ROWS);
    const choose = (/** @type {Series} */ series, /** @type {string} */ key) => {
      store.look({ codes: new Set([series.code]) });
      onChosen(timeline.first.get(key) ?? 0);
    };
    const toggle = () => {
      all = !all;
      draw();
    };
    const details = counts(timeline, labels);
    details.open = open;
    details.addEventListener('toggle', () => {
      open = details.open;
    });
    const hidden = timeline.series.length - ROWS;
    keepingFocus(root, () => {
      root.replaceChildren(
        timeline.series.length
          ? drawing(timeline, shown, labels, root.clientWidth || 440, choose)
          : el('p', { class: 'muted' }, 'No stance to show.'),
        ...(hidden > 0
          ? [
              el(
                'button',
                { type: 'button', class: 'quiet small', 'data-key': 'all', onclick: toggle },
                all ? 'Show fewer' : `${hidden} more countries`,
              ),
            ]
          : []),
        legend(labels),
        details,
      );
    });
  };
  store.on(['readings', 'view', 'info'], draw);
  let width = 0;
  new ResizeObserver(() => {
    if (Math.abs(root.clientWidth - width) < 8) return;
    width = root.clientWidth;
    draw();
  }).observe(root);
}

/**
 * @param {Timeline} timeline
 * @param {Series[]} rows
 * @param {string[]} labels
 * @param {number} width
 * @param {(series: Series, key: string) => void} choose
 */
function drawing(timeline, rows, labels, width, choose) {
  const { keys } = timeline;
  const step = (width - LEFT - RIGHT) / keys.length;
  const most = Math.max(1, ...rows.flatMap(({ buckets }) => [...buckets.values()].map(sum)));
  const height = rows.length * ROW_HEIGHT + FOOT;
  const picture = svg('svg', {
    class: 'timeline',
    viewBox: `0 0 ${width} ${height}`,
    role: 'group',
    'aria-label': 'Stances over time',
  });
  rows.forEach((series, index) => {
    const base = (index + 1) * ROW_HEIGHT - 6;
    const name = series.name.length > 13 ? shortCode(series.code) : series.name;
    picture.append(
      svg('text', { class: 'row-name', x: 0, y: base - 8, '--hue': countryHue(series.code) }, name),
      svg('path', { class: 'axis', d: `M${LEFT} ${base}.5H${width - RIGHT}` }),
    );
    keys.forEach((key, place) => {
      const own = series.buckets.get(key);
      if (own)
        picture.append(
          bar(series, key, own, labels, [LEFT + place * step, base, step, (ROW_HEIGHT - 12) / most], choose),
        );
    });
  });
  picture.append(...ticks(keys, step, height));
  return picture;
}

/**
 * @param {Series} series
 * @param {string} key
 * @param {Record<string, number>} counts
 * @param {string[]} labels
 * @param {[number, number, number, number]} place  Left, base, step and height of one sentence.
 * @param {(series: Series, key: string) => void} choose
 */
function bar(series, key, counts, labels, [left, base, step, unit], choose) {
  const width = Math.max(2, Math.min(22, step * 0.72));
  const used = labels.filter((label) => counts[label]);
  const text = `${series.name}, ${key}: ${used.map((label) => `${counts[label]} ${label}`).join(', ')}`;
  const group = svg('g', {
    class: 'stack',
    role: 'button',
    tabindex: 0,
    'aria-label': text,
    'data-key': `bar ${series.code} ${key}`,
  });
  let top = base;
  for (const label of used) {
    const height = counts[label] * unit;
    top -= height;
    const shape = { x: left + (step - width) / 2, y: top + 0.5, width, height: Math.max(1, height - 1) };
    group.append(svg('rect', { ...shape, class: 'part', 'data-stance': label, '--stance-hue': stanceHue(label) }));
  }
  group.addEventListener('click', () => choose(series, key));
  group.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    choose(series, key);
  });
  for (const type of ['pointerenter', 'focus']) group.addEventListener(type, () => showTip(group, text));
  for (const type of ['pointerleave', 'blur']) group.addEventListener(type, hideTip);
  return group;
}

/**
 * @param {string[]} keys
 * @param {number} step
 * @param {number} height
 */
function ticks(keys, step, height) {
  const every = Math.max(1, Math.ceil(76 / step));
  return keys
    .map((key, place) => ({ key, place }))
    .filter(({ place }) => place % every === 0)
    .map(({ key, place }) =>
      svg('text', { class: 'tick', x: LEFT + (place + 0.5) * step, y: height - 5, 'text-anchor': 'middle' }, key),
    );
}

/**
 * @param {Timeline} timeline
 * @param {string[]} labels
 */
function counts({ series, unit, keys }, labels) {
  const rows = series.flatMap(({ code, name, buckets }) =>
    keys
      .filter((key) => buckets.has(key))
      .map((key) =>
        el(
          'tr',
          {},
          el('td', {}, codeTag(code), ' ', name),
          el('td', {}, key),
          labels.map((label) => el('td', { class: 'number' }, buckets.get(key)?.[label] ?? 0)),
        ),
      ),
  );
  const head = ['Country', unit === 'day' ? 'Day' : 'Month', ...labels].map((title) =>
    el('th', { scope: 'col' }, title),
  );
  return el(
    'details',
    { class: 'as-table' },
    el('summary', { 'data-key': 'summary' }, 'As a table'),
    el(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Stances over time' },
      el('table', { class: 'plain' }, el('thead', {}, el('tr', {}, head)), el('tbody', {}, rows)),
    ),
  );
}

/** @param {string[]} labels */
function legend(labels) {
  const swatch = (/** @type {string} */ label) => el('span', { class: 'swatch', '--stance-hue': stanceHue(label) });
  return el(
    'p',
    { class: 'legend' },
    'Bottom to top: ',
    labels.map((label) => el('span', {}, swatch(label), label)),
  );
}

/** @param {Record<string, number>} counts */
function sum(counts) {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
