/** What is to be read: pasted text, files, dates. */

/** @import {Info, SourceDocument} from './types.js' */

import { codePoints } from './codepoints.js';
import { byId, el, icon } from './dom.js';
import { EXAMPLE } from './example.js';
import { readFiles } from './files.js';

const SHOWN = 200;

export class Input {
  /**
   * @param {() => Info|null} info
   * @param {(documents: SourceDocument[]) => void} onRead
   */
  constructor(info, onRead) {
    this.info = info;
    this.onRead = onRead;
    /** @type {SourceDocument[]} */
    this.staged = [];
    this.form = byId('input');
    this.text = byId('text');
    this.date = byId('date');
    this.form.addEventListener('submit', (/** @type {Event} */ event) => this.#submit(event));
    this.text.addEventListener('input', () => this.count());
    byId('choose').addEventListener('change', (/** @type {Event} */ event) => this.#chosen(event));
    byId('example').addEventListener('click', () => this.onRead(EXAMPLE));
    this.#acceptDrops();
  }

  /** @param {boolean} shown */
  toggle(shown) {
    this.form.hidden = !shown;
    if (shown) this.text.focus();
  }

  /** Forget what was entered. */
  clear() {
    this.text.value = '';
    this.date.value = '';
    this.staged = [];
    this.#faults([]);
    this.#showStaged();
    this.count();
  }

  /**
   * Say at the text or the date what the service found wrong with it.
   *
   * @param {string} field
   * @param {string} reason
   */
  fault(field, reason) {
    const place = field.endsWith('date') ? 'date' : 'text';
    byId(`${place}-fault`).textContent = reason;
    byId(place).setAttribute('aria-invalid', 'true');
    byId(place).focus();
  }

  /** Show how long the text is, and whether that is too long. */
  count() {
    const length = codePoints(this.text.value);
    const most = this.info()?.limits.max_text_characters;
    const over = most !== undefined && length > most;
    byId('text-count').textContent = length
      ? `${length.toLocaleString('en')}${most === undefined ? '' : ` of ${most.toLocaleString('en')}`} characters`
      : '';
    byId('text-fault').textContent = over
      ? `The text has ${(length - most).toLocaleString('en')} characters more than the ${most.toLocaleString('en')} that this service reads at once.`
      : '';
    this.text.setAttribute('aria-invalid', String(over));
    return !over;
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    byId('date-fault').textContent = '';
    this.date.removeAttribute('aria-invalid');
    if (!this.count()) return this.text.focus();
    if (this.date.validity.badInput) return this.fault('date', 'This is no day of the calendar.');
    const text = this.text.value;
    const documents = [...this.staged];
    if (text.trim()) documents.unshift({ id: documents.length ? 'pasted' : null, text, date: this.date.value || null });
    if (!documents.length) return this.fault('text', 'Paste a text or choose a file first.');
    return this.onRead(documents);
  }

  /** @param {Event} event */
  async #chosen(event) {
    const input = /** @type {HTMLInputElement} */ (event.target);
    await this.#add(input.files ?? []);
    input.value = '';
  }

  /** @param {Iterable<File>} files */
  async #add(files) {
    const { documents, faults } = await readFiles(files);
    this.staged.push(...documents);
    this.#faults(faults);
    this.#showStaged();
  }

  /** @param {string[]} faults */
  #faults(faults) {
    const more = faults.length - 20;
    byId('file-faults').replaceChildren(
      ...faults.slice(0, 20).map((fault) => el('li', {}, fault)),
      ...(more > 0 ? [el('li', {}, `and ${more} more`)] : []),
    );
  }

  #showStaged() {
    const items = this.staged.slice(0, SHOWN).map((document, index) => this.#item(document, index));
    const more = this.staged.length - items.length;
    byId('staged').replaceChildren(
      ...(items.length ? [el('ul', { class: 'staged', 'aria-label': 'Chosen documents' }, items)] : []),
      ...(more > 0 ? [el('p', { class: 'muted small' }, `and ${more.toLocaleString('en')} more documents`)] : []),
    );
  }

  /**
   * @param {SourceDocument} document
   * @param {number} index
   */
  #item(document, index) {
    const date = el('input', { type: 'date', value: document.date ?? '', 'aria-label': `Date of ${document.id}` });
    date.addEventListener('change', () => {
      document.date = date.value || null;
    });
    const remove = () => {
      this.staged.splice(index, 1);
      this.#showStaged();
    };
    return el(
      'li',
      {},
      el('span', { class: 'name' }, document.id),
      el('span', { class: 'muted small' }, `${codePoints(document.text).toLocaleString('en')} characters`),
      date,
      el(
        'button',
        { type: 'button', class: 'quiet icon-button', 'aria-label': `Remove ${document.id}`, onclick: remove },
        icon('close'),
      ),
    );
  }

  #acceptDrops() {
    const over = (/** @type {boolean} */ is) => byId('drop').classList.toggle('over', is);
    // Anywhere on the page: a file that misses the box would otherwise replace the page.
    document.addEventListener('dragover', (event) => {
      event.preventDefault();
      over(true);
    });
    document.addEventListener('dragleave', (event) => {
      if (!event.relatedTarget) over(false);
    });
    document.addEventListener('drop', (event) => {
      event.preventDefault();
      over(false);
      const files = event.dataTransfer?.files;
      if (!files?.length) return;
      document.dispatchEvent(new CustomEvent('page:new-text'));
      this.#add(files);
    });
  }
}
