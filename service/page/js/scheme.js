/** What the page calls things, and which parts it shows, by the label scheme of the model that answers. */

/** @import {Scheme} from './types.js' */

import { colourLabels } from './colours.js';
import { excludeEachOther } from './derive.js';
import { byId } from './dom.js';

/** The scheme of the stances, until the service has said which one it has. @type {Scheme} */
let current = {
  scheme: 'stances',
  description: '',
  labels: [],
  multi_label: true,
  none: true,
  directed: true,
  countries: true,
  types: [],
};

/** @returns {Scheme} */
export function scheme() {
  return current;
}

/**
 * What is looked for, in the singular and the plural.
 *
 * @returns {[string, string]}
 */
export function entityWords() {
  if (current.countries && !current.types.length) return ['country or bloc', 'countries and blocs'];
  return ['entity', 'entities'];
}

/**
 * What it is called in a heading, in the singular and the plural.
 *
 * @returns {[string, string]}
 */
export function entityHeading() {
  if (current.countries && !current.types.length) return ['Country', 'Countries'];
  return ['Entity', 'Entities'];
}

/** What a label is called. */
export function labelWord() {
  return current.scheme === 'stances' ? 'stance' : 'label';
}

/**
 * Show the page as a scheme has it: its colours, its words, and no targets where there are none.
 *
 * @param {Scheme} info
 */
export function applyScheme(info) {
  current = info;
  colourLabels(info.labels.map(({ name }) => name));
  excludeEachOther(!info.multi_label);
  const word = labelWord();
  byId('lead').textContent = `Who takes which ${word}${info.directed ? ', and toward whom' : ''}?`;
  byId('scheme').textContent = info.scheme === 'stances' ? '' : info.description;
  byId('table-title').textContent = `${entityHeading()[1]} and ${word}s`;
  byId('graph-panel').hidden = !info.directed;
}
