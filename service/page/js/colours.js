/** A hue for every country and stance; style sheets make light and dark colours of enough contrast from it. */

// Countries that often stand side by side in the news are far apart; the others follow from their code.
const COUNTRY_HUES = /** @type {Record<string, number>} */ ({
  US: 258,
  RU: 22,
  CN: 45,
  UA: 95,
  GB: 325,
  FR: 285,
  DE: 72,
  EU: 240,
  NATO: 222,
  UN: 205,
  IR: 150,
  IL: 190,
  PS: 128,
  KP: 8,
  KR: 268,
  JP: 350,
  IN: 58,
  PK: 142,
  TR: 12,
  SY: 110,
  SA: 160,
  TW: 300,
  PL: 340,
  BY: 120,
  AU: 178,
  CA: 30,
});

const STANCE_HUES = /** @type {Record<string, number>} */ ({ support: 165, deterrence: 265, denial: 65, warning: 25 });
/** Hues of the labels of another scheme. @type {Map<string, number>} */
const labelHues = new Map();
const UNDERLINES = ['solid', 'dotted', 'dashed'];

/**
 * @param {string} code
 * @returns {number} Degrees; always the same for a code.
 */
export function countryHue(code) {
  return COUNTRY_HUES[code] ?? hash(code) % 360;
}

/**
 * A style of underline, so that countries of similar hue still differ.
 *
 * @param {string} code
 */
export function underline(code) {
  return UNDERLINES[hash(`${code}/`) % UNDERLINES.length];
}

/**
 * @param {string} stance
 * @returns {number} Degrees.
 */
export function stanceHue(stance) {
  return labelHues.get(stance) ?? STANCE_HUES[stance] ?? hash(stance) % 360;
}

/**
 * Give the labels of a scheme hues as far apart as there is room; those of the stances keep theirs.
 *
 * @param {string[]} names
 */
export function colourLabels(names) {
  labelHues.clear();
  if (names.every((name) => name in STANCE_HUES)) return;
  names.forEach((name, index) => labelHues.set(name, Math.round(165 + (360 * index) / names.length) % 360));
}

/**
 * The icon of a stance; those of other label schemes share one.
 *
 * @param {string} stance
 */
export function stanceIcon(stance) {
  return stance in STANCE_HUES ? stance : 'label';
}

/**
 * FNV-1a over UTF-16 units.
 *
 * @param {string} text
 */
function hash(text) {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return value;
}
