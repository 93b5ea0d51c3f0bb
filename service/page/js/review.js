/** The review queue: sentences that the model is least sure of, judged one after the other with the keyboard. */

/** @import {Store} from './store.js' */
/** @import {Annotation, Entity} from './types.js' */
/** @import {Known} from './countries.js' */

import { showAgreement } from './agreement.js';
import { ProblemError, call } from './api.js';
import { annotatedText } from './annotated.js';
import { knownCountries } from './countries.js';
import { announce, byId, el } from './dom.js';
import { Editor } from './editor.js';
import { showHelp } from './help.js';
import { percent } from './marks.js';
import { report } from './notices.js';
import { userField, userName } from './user.js';

const PAGE = 20;

/**
 * @typedef {{id: string|number, text: string, document: {id: string|null, date: string|null}|null,
 *   predicted: Annotation[], entities: Entity[], uncertainty: number, novelty: number, opinions: number}} Item
 */

const KEYS = [
  ['A', 'Accept', 'the labels are right as they are'],
  ['C', 'Change', 'edit the labels, then save'],
  ['S', 'Skip', 'not for me: do not show it to me again'],
  ['N', 'Next', 'decide later'],
  ['?', 'Help', 'show these keys'],
];

export class Review {
  /**
   * @param {HTMLElement} root
   * @param {Store} store
   */
  constructor(root, store) {
    this.root = root;
    this.store = store;
    /** @type {Item[]} */
    this.items = [];
    this.at = 0;
    this.open = 0;
    this.judged = 0;
    /** @type {Editor|null} */
    this.editor = null;
    this.busy = false;
    /** @type {Known[]} */
    this.countries = [];
    this.card = el('div', { class: 'panel review-card', tabindex: -1 });
    this.count = el('p', { class: 'facts', role: 'status' });
    this.agreement = el('div');
    const side = el(
      'section',
      { class: 'panel', 'aria-labelledby': 'agreement-title' },
      el('header', {}, el('h2', { id: 'agreement-title' }, 'Agreement')),
      this.agreement,
    );
    const bar = el(
      'div',
      { class: 'toolbar' },
      this.count,
      el('span', { class: 'spring' }),
      userField('review-user', () => this.load()),
      this.#button('?', 'Help'),
    );
    root.replaceChildren(bar, el('div', { class: 'columns review' }, this.card, side));
    document.addEventListener('keydown', (event) => this.#onKey(event));
  }

  /** Fetch what is to be judged and begin. */
  async load() {
    this.items = [];
    this.at = 0;
    if (!userName()) return this.#message('Enter your name above to begin: opinions are kept under it.');
    try {
      this.countries = await knownCountries();
      await this.#fetch();
      await showAgreement(this.agreement);
    } catch (error) {
      report(error);
    }
    return this.#show();
  }

  async #fetch() {
    const answer = await call(`review?${new URLSearchParams({ user: userName(), limit: String(PAGE) })}`);
    this.items = answer.items;
    this.open = answer.open;
    this.at = 0;
  }

  get item() {
    return this.items[this.at];
  }

  #show() {
    const { item } = this;
    this.editor = null;
    this.count.textContent = `${this.open.toLocaleString('en')} waiting · ${this.judged.toLocaleString('en')} judged by you just now`;
    if (!item) return this.#message('Nothing waits for you. Send sentences here from an article: “Send to review”.');
    const { id, date } = item.document ?? {};
    this.card.replaceChildren(
      el(
        'p',
        { class: 'muted small review-facts' },
        [id, date].filter(Boolean).map((part) => el('span', {}, part)),
        el('span', {}, `uncertain ${percent(item.uncertainty)}`),
        el('span', {}, `new ${percent(item.novelty)}`),
        item.opinions > 0 && el('span', { class: 'second-opinion' }, 'second opinion'),
      ),
      el('p', { class: 'body' }, item.opinions > 0 ? item.text : annotatedText(item.text, item.predicted)),
      el('p', { class: 'fault', role: 'alert' }),
      el('div', { class: 'actions' }, ...this.#buttons(item)),
    );
    this.card.focus({ preventScroll: true });
    return announce(`${item.opinions > 0 ? 'Second opinion. ' : ''}${item.text}`);
  }

  /** @param {Item} item */
  #buttons(item) {
    // A second opinion is formed without the labels of the model in sight, so it starts from the editor.
    const keys = item.opinions > 0 ? ['C', 'S', 'N'] : ['A', 'C', 'S', 'N'];
    return keys.map((key) => this.#button(key, KEYS.find(([own]) => own === key)?.[1] ?? key));
  }

  /**
   * @param {string} key
   * @param {string} title
   */
  #button(key, title) {
    const style = key === 'A' ? 'primary' : key === '?' ? 'quiet' : '';
    return el(
      'button',
      { type: 'button', class: style, 'aria-keyshortcuts': key, onclick: () => this.#act(key) },
      title,
      ' ',
      el('kbd', {}, key),
    );
  }

  /** @param {string} text */
  #message(text) {
    this.card.replaceChildren(el('p', { class: 'muted' }, text));
  }

  #change() {
    const { item } = this;
    const own = item.entities.filter(({ code }) => !this.countries.some((known) => known.code === code));
    const labels = this.store.state.info?.labels ?? [];
    const start = item.opinions > 0 ? item.predicted.map((entity) => ({ ...entity, stances: {} })) : item.predicted;
    this.editor = new Editor({ text: item.text, annotations: start, labels, countries: [...own, ...this.countries] });
    const note = el('input', { id: 'review-note', type: 'text', maxlength: 1000 });
    const fault = el('p', { class: 'fault', role: 'alert' });
    const save = () => this.#opinion(this.editor?.annotations ?? [], note.value.trim() || null);
    this.card.replaceChildren(
      this.editor.element,
      el('div', { class: 'about' }, el('label', { class: 'inline', for: 'review-note' }, 'Note ', note)),
      fault,
      el(
        'div',
        { class: 'actions' },
        el(
          'button',
          { type: 'button', class: 'primary', 'aria-keyshortcuts': 'Control+Enter', onclick: save },
          'Save ',
          el('kbd', {}, 'Ctrl ↵'),
        ),
        el(
          'button',
          { type: 'button', 'aria-keyshortcuts': 'Escape', onclick: () => this.#show() },
          'Back ',
          el('kbd', {}, 'Esc'),
        ),
      ),
    );
    const [first] = this.card.querySelectorAll('.toggle');
    if (first instanceof HTMLElement) first.focus();
  }

  /**
   * @param {Annotation[]} entities
   * @param {string|null} note
   */
  async #opinion(entities, note) {
    await this.#send('opinions', { user: userName(), entities, note });
  }

  /**
   * Tell the service of a decision, then go on.
   *
   * @param {'opinions'|'skip'} action
   * @param {object} body
   */
  async #send(action, body) {
    if (this.busy || !this.item) return;
    this.busy = true;
    try {
      await call(`review/${encodeURIComponent(this.item.id)}/${action}`, { method: 'POST', body });
      if (action === 'opinions') this.judged += 1;
      this.open = Math.max(0, this.open - 1);
      this.items.splice(this.at, 1);
      if (this.at >= this.items.length) await this.#fetch();
      this.#show();
      // The next sentence does not wait for it.
      showAgreement(this.agreement).catch(report);
    } catch (error) {
      if (error instanceof ProblemError) this.editor?.showFaults(error.faults);
      const place = this.card.querySelector('.fault:not(li *)');
      if (place) place.textContent = error instanceof Error ? error.message : String(error);
    } finally {
      this.busy = false;
    }
  }

  #next() {
    if (!this.items.length) return;
    this.at = (this.at + 1) % this.items.length;
    this.#show();
  }

  /** @param {string} key */
  #act(key) {
    if (key === '?')
      return showHelp(
        'Keys of the review',
        KEYS.map(([own, title, text]) => [own, `${title}: ${text}`]),
      );
    if (!this.item || this.busy) return undefined;
    if (key === 'A' && this.item.opinions === 0) return this.#opinion(this.item.predicted, null);
    if (key === 'C') return this.#change();
    if (key === 'S') return this.#send('skip', { user: userName() });
    if (key === 'N') return this.#next();
    return undefined;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (this.root.hidden || document.querySelector('dialog[open]')) return;
    if (this.editor) {
      if (event.key === 'Escape') this.#show();
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
        const note = byId('review-note').value.trim() || null;
        this.#opinion(this.editor.annotations, note);
      }
      return;
    }
    const typing = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toUpperCase();
    if (!KEYS.some(([own]) => own === key)) return;
    event.preventDefault();
    this.#act(key);
  }
}
