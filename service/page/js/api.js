/** Calls of the service: keys, problem documents, patience while it is busy. */

/** @import {Fault, Info} from './types.js' */

import { byId } from './dom.js';

const KEY = 'entity-stance.key';
const PATIENCE = 20;
const WAITING = new Set([429, 503]);

/** An answer that is no success, with the faulty fields if the service named them. */
export class ProblemError extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {Fault[]} faults
   */
  constructor(status, message, faults = []) {
    super(message);
    this.status = status;
    this.faults = faults;
  }
}

/**
 * Call the service and return its JSON. Asks the reader for a key on a 401, and waits when the service says for how
 * long.
 *
 * @param {string} path  Relative to the page, so that a prefix before the service does no harm.
 * @param {{method?: string, body?: unknown, signal?: AbortSignal, onWait?: (seconds: number) => void}} [options]
 * @returns {Promise<any>}
 */
export async function call(path, { method = 'GET', body, signal, onWait } = {}) {
  for (let attempt = 0; ; attempt += 1) {
    const response = await send(path, method, body, signal);
    if (response.status === 204) return null;
    if (response.ok) return response.json();
    if (response.status === 401) {
      await askForKey(Boolean(sessionStorage.getItem(KEY)));
      continue;
    }
    const seconds = Number(response.headers.get('Retry-After'));
    if (!WAITING.has(response.status) || !(seconds > 0) || attempt >= PATIENCE) throw await problemOf(response);
    onWait?.(seconds);
    await pause(Math.min(seconds, 60), signal);
  }
}

/**
 * Which routes the service has, and what it says of itself.
 *
 * @returns {Promise<{info: Info, paths: Set<string>}>}
 */
export async function discover() {
  const [openapi, info] = await Promise.all([call('openapi.json'), call('info')]);
  return { info, paths: new Set(Object.keys(openapi.paths)) };
}

/**
 * @param {string} path
 * @param {string} method
 * @param {unknown} body
 * @param {AbortSignal|undefined} signal
 */
async function send(path, method, body, signal) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json, application/problem+json' };
  const key = sessionStorage.getItem(KEY);
  if (key) headers.Authorization = `Bearer ${key}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    const data = body === undefined ? undefined : JSON.stringify(body);
    return await fetch(new URL(path, document.baseURI), { method, headers, body: data, signal });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ProblemError(0, 'The service cannot be reached. Is it still running?');
  }
}

/** @param {Response} response */
async function problemOf(response) {
  try {
    const problem = await response.json();
    return new ProblemError(response.status, problem.detail ?? problem.title, problem.errors ?? []);
  } catch {
    return new ProblemError(response.status, `The service answered ${response.status} ${response.statusText}`.trim());
  }
}

/**
 * @param {number} seconds
 * @param {AbortSignal|undefined} signal
 * @returns {Promise<void>}
 */
function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** @type {Promise<void>|null} */
let asking = null;

/**
 * Ask for a key; several calls that wait for one share the dialog.
 *
 * @param {boolean} refused  Whether a key was sent and not accepted.
 */
function askForKey(refused) {
  asking ??= showKeyDialog(refused).finally(() => {
    asking = null;
  });
  return asking;
}

/**
 * @param {boolean} refused
 * @returns {Promise<void>}
 */
function showKeyDialog(refused) {
  /** @type {HTMLDialogElement} */
  const dialog = byId('key-dialog');
  const input = byId('key');
  byId('key-fault').textContent = refused ? 'The service does not know this key.' : '';
  input.value = '';
  dialog.returnValue = '';
  dialog.showModal();
  input.focus();
  return new Promise((resolve, reject) => {
    dialog.addEventListener(
      'close',
      () => {
        const key = input.value.trim();
        input.value = '';
        if (dialog.returnValue !== 'ok' || !key)
          return reject(new ProblemError(401, 'The service asks for an API key.'));
        sessionStorage.setItem(KEY, key);
        return resolve();
      },
      { once: true },
    );
  });
}
