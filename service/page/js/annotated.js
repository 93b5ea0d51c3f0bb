/** A sentence with its annotation: mentions coloured, stances marked. Forms are found in the text, as guidelines have it. */

/** @import {Annotation} from './types.js' */

import { countryHue, underline } from './colours.js';
import { el } from './dom.js';
import { stanceMark } from './marks.js';

const LETTER = /[\p{L}\p{N}]/u;

/**
 * @param {string} text
 * @param {Annotation[]} annotations
 * @returns {Node[]}
 */
export function annotatedText(text, annotations) {
  const marked = new Set();
  const nodes = [];
  let at = 0;
  for (const { start, end, annotation } of places(text, annotations)) {
    if (start < at) continue;
    const first = !marked.has(annotation.code);
    marked.add(annotation.code);
    const stances = first ? Object.entries(annotation.stances) : [];
    nodes.push(
      document.createTextNode(text.slice(at, start)),
      el(
        'span',
        { class: stances.length ? 'actor taking' : 'actor', '--hue': countryHue(annotation.code) },
        el(
          'span',
          { class: `mention ${underline(annotation.code)}`, 'data-code': annotation.code },
          text.slice(start, end),
        ),
        stances.map(([stance, toward]) =>
          stanceMark({ stance, score: 1, toward: toward.map((code) => ({ code, score: 1 })) }),
        ),
      ),
    );
    at = end;
  }
  return [...nodes, document.createTextNode(text.slice(at))];
}

/**
 * Where the forms of all entities stand as whole words, the longer form first where two begin together.
 *
 * @param {string} text
 * @param {Annotation[]} annotations
 */
function places(text, annotations) {
  const found = [];
  for (const annotation of annotations) {
    for (const form of annotation.mentions) {
      for (let start = form ? text.indexOf(form) : -1; start >= 0; start = text.indexOf(form, start + form.length)) {
        const end = start + form.length;
        if (isWhole(text, start, end)) found.push({ start, end, annotation });
      }
    }
  }
  return found.sort((a, b) => a.start - b.start || b.end - a.end);
}

/**
 * @param {string} text
 * @param {number} start
 * @param {number} end
 */
function isWhole(text, start, end) {
  const inside = (/** @type {number} */ left) =>
    left >= 0 && left + 1 < text.length && LETTER.test(text[left]) && LETTER.test(text[left + 1]);
  return !inside(start - 1) && !inside(end - 1);
}
