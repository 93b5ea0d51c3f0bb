/** Documents from files: a text each, or JSON Lines with one document a line. */

/** @import {SourceDocument} from './types.js' */

const DAY = /\d{4}-\d{2}-\d{2}/;
const FIELDS = new Set(['id', 'text', 'date', 'entities']);

/**
 * Read files; a faulty line never costs the others.
 *
 * @param {Iterable<File>} files
 * @returns {Promise<{documents: SourceDocument[], faults: string[]}>}
 */
export async function readFiles(files) {
  const documents = [];
  const faults = [];
  for (const file of files) {
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
      if (/\.(jsonl|ndjson)$/i.test(file.name)) {
        const read = parseLines(text, file.name);
        documents.push(...read.documents);
        faults.push(...read.faults);
      } else if (/\.(txt|text|md)$/i.test(file.name) || file.type === 'text/plain') {
        if (text.trim()) documents.push({ id: file.name, text, date: DAY.exec(file.name)?.[0] ?? null });
        else faults.push(`${file.name}: is empty`);
      } else {
        faults.push(`${file.name}: should be a .txt or a .jsonl file`);
      }
    } catch {
      faults.push(`${file.name}: is not text in UTF-8`);
    }
  }
  return { documents, faults };
}

/**
 * Read JSON Lines.
 *
 * @param {string} text
 * @param {string} name  Of the file, for faults.
 * @returns {{documents: SourceDocument[], faults: string[]}}
 */
export function parseLines(text, name) {
  /** @type {SourceDocument[]} */
  const documents = [];
  /** @type {string[]} */
  const faults = [];
  text.split(/\r?\n/).forEach((line, index) => {
    if (!line.trim()) return;
    const where = `${name}, line ${index + 1}`;
    try {
      const document = parseDocument(line);
      documents.push({ ...document, id: document.id ?? `${name}:${index + 1}` });
    } catch (error) {
      faults.push(`${where}: ${error instanceof Error ? error.message : error}`);
    }
  });
  return { documents, faults };
}

/**
 * @param {string} line
 * @returns {SourceDocument}
 */
function parseDocument(line) {
  let data;
  try {
    data = JSON.parse(line);
  } catch {
    throw new Error('is not JSON');
  }
  if (data === null || typeof data !== 'object' || Array.isArray(data)) throw new Error('should be a JSON object');
  const unknown = Object.keys(data).find((field) => !FIELDS.has(field));
  if (unknown !== undefined) throw new Error(`unknown field ${unknown}; the fields are ${[...FIELDS].join(', ')}`);
  if (typeof data.text !== 'string' || !data.text.trim()) throw new Error('text: is required and should not be empty');
  if (data.id !== undefined && data.id !== null && typeof data.id !== 'string')
    throw new Error('id: should be a string');
  const { id = null, date = null, ...rest } = data;
  return { id, date, ...rest };
}
