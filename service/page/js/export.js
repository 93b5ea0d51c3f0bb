/** Files to take away: CSV and JSON of what is shown, the graph as SVG and PNG. */

/** @import {Reading, View} from './types.js' */

import { shownStances, sentenceMatches } from './derive.js';
import { paint, standalone } from './picture.js';

const COLUMNS = [
  'document',
  'date',
  'sentence',
  'sentence_start',
  'sentence_end',
  'code',
  'alpha3',
  'name',
  'kind',
  'mentions',
  'mention_offsets',
  'stance',
  'score',
  'toward',
  'toward_scores',
];

/**
 * One row per sentence, entity and stance that the filters let through, with the columns of `entity-stance classify
 * --format csv` and the date. Without filters an entity without a stance has a row with the stance `none`.
 *
 * @param {Reading[]} readings
 * @param {View} view
 * @param {string[]} labels
 */
export function toCsv(readings, view, labels) {
  const rows = [[...COLUMNS, ...labels.map((label) => `score_${label}`), 'text']];
  const filtered = view.stances.size > 0 || view.target !== null;
  for (const { document, sentences } of readings) {
    sentences.forEach((sentence, index) => {
      for (const entity of sentence.entities) {
        if (view.codes.size && !view.codes.has(entity.code)) continue;
        const shared = [
          document.id,
          document.date,
          index,
          sentence.start,
          sentence.end,
          entity.code,
          entity.alpha3,
          entity.name,
          entity.kind,
        ];
        const mentions = [
          entity.mentions.map(({ text }) => text).join(';'),
          entity.mentions.map(({ start, end }) => `${start}-${end}`).join(';'),
        ];
        const scores = [...labels.map((label) => entity.scores[label]), sentence.text];
        const stances = shownStances(entity, view);
        for (const { stance, score, toward } of stances) {
          const aimed = [toward.map(({ code }) => code).join(';'), toward.map((target) => target.score).join(';')];
          rows.push([...shared, ...mentions, stance, score, ...aimed, ...scores].map(cell));
        }
        if (!stances.length && !filtered) rows.push([...shared, ...mentions, 'none', '', '', '', ...scores].map(cell));
      }
    });
  }
  return rows.map((row) => row.map(quoted).join(',')).join('\r\n') + '\r\n';
}

/**
 * The answer of `POST /classify`, with the sentences that the filters let through and the stances that are shown.
 *
 * @param {Reading[]} readings
 * @param {View} view
 */
export function toJson(readings, view) {
  const documents = readings.map(({ document: { id, date }, sentences, fault }) =>
    fault
      ? { id, date, error: fault }
      : {
          id,
          date,
          sentences: sentences
            .filter((sentence) => sentenceMatches(sentence, view))
            .map((sentence) => ({
              ...sentence,
              entities: sentence.entities.map((entity) => ({ ...entity, stances: shownStances(entity, view) })),
            })),
        },
  );
  return JSON.stringify({ model: readings.find(({ model }) => model)?.model ?? null, documents }, null, 2);
}

/**
 * @param {SVGSVGElement} graph
 * @returns {Blob}
 */
export function graphAsSvg(graph) {
  return new Blob([standalone(graph)], { type: 'image/svg+xml' });
}

/**
 * @param {SVGSVGElement} graph
 * @returns {Promise<Blob>}
 */
export async function graphAsPng(graph) {
  const canvas = paint(graph, 2);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The picture could not be made.'))), 'image/png');
  });
}

/**
 * Hand a file to the reader.
 *
 * @param {string} name
 * @param {Blob} blob
 */
export function download(name, blob) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {string|number|null|undefined} value */
function cell(value) {
  return value === null || value === undefined ? '' : String(value);
}

/**
 * A cell of RFC 4180. What a spreadsheet would take for a formula is preceded by an apostrophe.
 *
 * @param {string} value
 */
function quoted(value) {
  const safe = /^[=+\-@\t\r]/.test(value) && !/^-?\d+(\.\d+)?$/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
