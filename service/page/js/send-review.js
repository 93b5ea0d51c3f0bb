/** Sends the sentences of an article to the review queue. */

/** @import {Store} from './store.js' */

import { call } from './api.js';
import { sentenceMatches } from './derive.js';
import { el } from './dom.js';
import { notify, report } from './notices.js';

const GROUP = 100;

/**
 * The button above the results; it is there where the service has a queue.
 *
 * @param {Store} store
 */
export function reviewButton(store) {
  const title = 'Offer the sentences of the shown document that pass the filters to those who review';
  const button = el('button', { type: 'button', title }, 'Send to review');
  button.hidden = true;
  store.on(['paths'], () => {
    button.hidden = !store.state.paths.has('/review');
  });
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      const { added, known } = await send(store);
      const sentences = added === 1 ? 'sentence' : 'sentences';
      notify('note', `${added} ${sentences} sent to review${known ? `, ${known} known already` : ''}.`, 'review');
    } catch (error) {
      report(error);
    } finally {
      button.disabled = false;
    }
  });
  return button;
}

/** @param {Store} store */
async function send({ state: { readings, current, view } }) {
  const { document, model, sentences } = readings[current];
  const { id, date } = document;
  const offered = sentences
    .filter((sentence) => sentence.entities.length && sentenceMatches(sentence, view))
    .map(({ text, entities }) => ({ text, document: id === null && date === null ? null : { id, date }, entities }));
  const total = { added: 0, known: 0 };
  for (let at = 0; at < offered.length; at += GROUP) {
    const answer = await call('review', { method: 'POST', body: { model, sentences: offered.slice(at, at + GROUP) } });
    total.added += answer.added;
    total.known += answer.known;
  }
  return total;
}
