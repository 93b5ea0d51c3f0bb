/** Sends documents in small groups, so that progress is real and can be cancelled. */

/** @import {Info, Reading, SourceDocument} from './types.js' */

import { ProblemError, call } from './api.js';

const GROUP_CHARACTERS = 24_000;
const GROUP_DOCUMENTS = 16;

/**
 * Classify documents in order. What goes wrong with one never costs the others their answer.
 *
 * @param {SourceDocument[]} documents
 * @param {Info|null} info
 * @param {{signal: AbortSignal, onReadings: (readings: Reading[]) => void, onWait: (seconds: number) => void}} options
 *   Called with the readings of each group as they come.
 */
export async function run(documents, info, { signal, onReadings, onWait }) {
  for (const group of groups(documents, info?.limits.max_documents ?? GROUP_DOCUMENTS)) {
    const body = {
      documents: group.map(({ id, text, date, entities }) => ({ id, text, date, entities: entities ?? [] })),
    };
    let readings;
    try {
      const answer = await call('classify', { method: 'POST', body, signal, onWait });
      readings = group.map((document, index) => reading(document, answer.documents[index], answer.model));
    } catch (error) {
      // A group none of whose documents could be read is answered with a problem; its faults say what is wrong with each.
      if (!(error instanceof ProblemError) || ![413, 422].includes(error.status)) throw error;
      readings = group.map((document, index) =>
        refused(document, reasonFor(/** @type {ProblemError} */ (error), index)),
      );
    }
    onReadings(readings);
  }
}

/**
 * @param {SourceDocument[]} documents
 * @param {number} most
 * @returns {SourceDocument[][]}
 */
function groups(documents, most) {
  /** @type {SourceDocument[][]} */
  const result = [];
  let characters = Infinity;
  for (const document of documents) {
    const last = result.at(-1);
    if (
      !last ||
      characters + document.text.length > GROUP_CHARACTERS ||
      last.length >= Math.min(most, GROUP_DOCUMENTS)
    ) {
      result.push([document]);
      characters = document.text.length;
    } else {
      last.push(document);
      characters += document.text.length;
    }
  }
  return result;
}

/**
 * @param {SourceDocument} document
 * @param {any} answer
 * @param {import('./types.js').Model} model
 * @returns {Reading}
 */
function reading(document, answer, model) {
  if (answer.error) return refused(document, withoutIndex(answer.error.detail));
  return { document, model, sentences: answer.sentences, fault: null };
}

/**
 * @param {SourceDocument} document
 * @param {string} fault
 * @returns {Reading}
 */
function refused(document, fault) {
  return { document, model: null, sentences: [], fault };
}

/**
 * @param {ProblemError} error
 * @param {number} index
 */
function reasonFor(error, index) {
  const own = error.faults.filter(({ field }) => field.startsWith(`documents[${index}]`));
  const faults = own.length ? own : error.faults;
  if (!faults.length) return error.message;
  return faults.map(({ field, reason }) => withoutIndex(`${field}: ${reason}`)).join('; ');
}

/** @param {string} text */
function withoutIndex(text) {
  return text.replace(/documents\[\d+\]\.?/g, '').replace(/^: /, '');
}
