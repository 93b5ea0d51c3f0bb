/** Why a stance: how much each word of the sentence speaks for it, asked of `POST /explain`. */

/** @import {Store} from './store.js' */
/** @import {Subject, Extra} from './card.js' */

import { call } from './api.js';
import { toUnits } from './codepoints.js';
import { stanceHue } from './colours.js';
import { announce, el } from './dom.js';

const NOTABLE = 0.03;
const LISTED = 5;

/** @typedef {{text: string, start: number, end: number, effect: number}} Word */

/**
 * @param {Store} store
 * @returns {Extra} The button at a stance, where the service can explain.
 */
export function whyButton(store) {
  return (subject, _close, stance) => {
    if (stance === null || !store.state.paths.has('/explain')) return [];
    const place = el('span', { class: 'why-place' });
    const button = el('button', { type: 'button', class: 'link', 'aria-label': `Why ${stance}?` }, 'Why?');
    button.addEventListener('click', async () => {
      button.disabled = true;
      try {
        const words = await explain(subject, stance);
        place.replaceChildren(explanation(subject, stance, words));
        button.hidden = true;
        announce(listed(words));
      } catch (error) {
        place.replaceChildren(
          el('span', { class: 'fault', role: 'alert' }, error instanceof Error ? error.message : String(error)),
        );
        button.disabled = false;
      }
    });
    return [button, place];
  };
}

/**
 * @param {Subject} subject
 * @param {string} stance
 * @returns {Promise<Word[]>}
 */
async function explain({ reading, index, entity }, stance) {
  const { text, date, entities = [] } = reading.document;
  const body = { text, date, entities, sentence: index, code: entity.code, stance };
  return (await call('explain', { method: 'POST', body })).words;
}

/**
 * The sentence with each word tinted by what it adds to the probability, and the strongest in writing.
 *
 * @param {Subject} subject
 * @param {string} stance
 * @param {Word[]} words
 */
function explanation({ reading, index }, stance, words) {
  const { text } = reading.document;
  const { start, end } = reading.sentences[index];
  const units = toUnits(text);
  const strongest = Math.max(NOTABLE, ...words.map(({ effect }) => Math.abs(effect)));
  const sentence = el('p', { class: 'words', '--stance-hue': stanceHue(stance) });
  let at = start;
  for (const word of words) {
    if (word.start < at) continue;
    const kind = word.effect < 0 ? 'word against' : 'word';
    const share = `${Math.round((Math.abs(word.effect) / strongest) * 40)}%`;
    const form = text.slice(units(word.start), units(word.end));
    sentence.append(
      text.slice(units(at), units(word.start)),
      el('span', { class: kind, '--share': share, title: points(word.effect) }, form),
    );
    at = word.end;
  }
  sentence.append(text.slice(units(at), units(end)));
  return el('div', { class: 'why' }, sentence, el('p', { class: 'muted small' }, listed(words)));
}

/** @param {Word[]} words */
function listed(words) {
  const notable = words.filter(({ effect }) => Math.abs(effect) >= NOTABLE);
  if (!notable.length) return 'No single word decides it.';
  const strongest = notable.sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect)).slice(0, LISTED);
  return `Points of probability that go when a word is hidden: ${strongest.map(({ text, effect }) => `${text} ${points(effect)}`).join(', ')}.`;
}

/** @param {number} effect */
function points(effect) {
  const rounded = Math.round(effect * 100);
  return `${rounded < 0 ? '−' : '+'}${Math.abs(rounded)}`;
}
