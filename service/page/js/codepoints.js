/** The service counts code points, JavaScript UTF-16 units. */

const ASTRAL = /[\ud800-\udbff][\udc00-\udfff]/;

/**
 * Return a function from an offset in code points to the one in UTF-16 units.
 *
 * @param {string} text
 * @returns {(offset: number) => number}
 */
export function toUnits(text) {
  if (!ASTRAL.test(text)) return (offset) => offset;
  /** @type {number[]} */
  const units = [];
  let unit = 0;
  for (const character of text) {
    units.push(unit);
    unit += character.length;
  }
  units.push(unit);
  return (offset) => units[Math.min(offset, units.length - 1)];
}

/**
 * How many code points a text has.
 *
 * @param {string} text
 */
export function codePoints(text) {
  if (!ASTRAL.test(text)) return text.length;
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
