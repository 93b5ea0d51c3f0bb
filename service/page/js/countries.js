/** The countries and blocs that the service knows, to choose from. */

import { call } from './api.js';
import { el } from './dom.js';

/** @typedef {{code: string, name: string, kind: string}} Known */

/** @type {Promise<Known[]>|null} */
let known = null;

/** @returns {Promise<Known[]>} */
export function knownCountries() {
  known ??= call('page/entities.json').catch((error) => {
    known = null;
    throw error;
  });
  return /** @type {Promise<Known[]>} */ (known);
}

/**
 * A list for an input to choose from.
 *
 * @param {string} id
 * @param {Known[]} countries
 */
export function countryList(id, countries) {
  return el(
    'datalist',
    { id },
    countries.map(({ code, name }) => el('option', { value: `${name} (${code})` })),
  );
}

/**
 * The country that an entry means: by name, by code, or as the list writes it.
 *
 * @param {string} entry
 * @param {Known[]} countries
 * @returns {Known|undefined}
 */
export function chosenCountry(entry, countries) {
  const wanted = entry.trim().toLowerCase();
  return countries.find(({ code, name }) =>
    [code, name, `${name} (${code})`].some((form) => form.toLowerCase() === wanted),
  );
}
