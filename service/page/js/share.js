/** The page's state in the address after `#`, which browsers never send: filters, and on request the text. */

/** @import {SourceDocument, View} from './types.js' */

const LONGEST_TEXT = 20_000_000;

/**
 * @typedef {{view: View, current: number, documents: SourceDocument[]|null}} Shared
 */

/**
 * Write filters, and documents if given, as a fragment without `#`.
 *
 * @param {View} view
 * @param {number} current
 * @param {string|null} packed  From `pack`.
 */
export function writeHash(view, current, packed) {
  const parameters = new URLSearchParams();
  for (const code of view.codes) parameters.append('c', code);
  for (const stance of view.stances) parameters.append('s', stance);
  if (view.target !== null) parameters.set('toward', view.target);
  if (view.min !== null) parameters.set('min', String(view.min));
  if (current) parameters.set('doc', String(current + 1));
  if (packed) parameters.set('text', packed);
  return parameters.toString();
}

/**
 * Read a fragment. Whatever is senseless is left out; a text that cannot be read is an error.
 *
 * @param {string} hash
 * @returns {Promise<Shared & {packed: string|null}>}
 */
export async function readHash(hash) {
  const parameters = new URLSearchParams(hash.replace(/^#/, ''));
  const min = Number(parameters.get('min') ?? NaN);
  const current = Number(parameters.get('doc') ?? 1) - 1;
  const packed = parameters.get('text');
  return {
    view: {
      codes: new Set(parameters.getAll('c')),
      stances: new Set(parameters.getAll('s')),
      target: parameters.get('toward'),
      min: min >= 0.05 && min <= 0.95 ? min : null,
    },
    current: Number.isInteger(current) && current > 0 ? current : 0,
    documents: packed ? await unpack(packed) : null,
    packed,
  };
}

/**
 * Compress documents for an address.
 *
 * @param {SourceDocument[]} documents
 * @returns {Promise<string>}
 */
export async function pack(documents) {
  const stream = new Blob([JSON.stringify(documents)]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * @param {string} packed
 * @returns {Promise<SourceDocument[]>}
 */
async function unpack(packed) {
  try {
    const binary = atob(packed.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    const documents = JSON.parse(await readText(stream.getReader()));
    if (!Array.isArray(documents) || !documents.every(isDocument)) throw new TypeError('no documents');
    return documents.map(({ id, text, date, entities }) => ({ id: id ?? null, text, date: date ?? null, entities }));
  } catch {
    throw new Error('The text in this link is damaged. Was the link cut short?');
  }
}

/** @param {any} value */
function isDocument(value) {
  const isText = (/** @type {unknown} */ item) => item === null || item === undefined || typeof item === 'string';
  return value && typeof value.text === 'string' && isText(value.id) && isText(value.date);
}

/**
 * Read a stream, and stop when it swells beyond all measure.
 *
 * @param {ReadableStreamDefaultReader<Uint8Array>} reader
 */
async function readText(reader) {
  const decoder = new TextDecoder();
  let text = '';
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += decoder.decode(part.value, { stream: true });
    if (text.length > LONGEST_TEXT) throw new RangeError('too long');
  }
  return text + decoder.decode();
}
