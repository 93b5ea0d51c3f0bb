/** The view in which articles are read: input, progress, results, and the address that holds its state. */

/** @import {Store} from './store.js' */
/** @import {Place, Reading, SourceDocument} from './types.js' */
/** @import {Extra} from './card.js' */

import { Article } from './article.js';
import { Card } from './card.js';
import { codePoints } from './codepoints.js';
import { isFiltered, matchingPlaces } from './derive.js';
import { announce, byId, el } from './dom.js';
import { documentName, mountDocuments } from './documents.js';
import { mountFilters } from './filters.js';
import { mountGraph } from './graph.js';
import { Input } from './input.js';
import { clearNotice, notify, report } from './notices.js';
import { run } from './runner.js';
import { readHash, writeHash } from './share.js';
import { mountTable } from './table.js';
import { mountTimeline } from './timeline.js';
import { mountToolbar } from './toolbar.js';

export class Reader {
  /**
   * @param {Store} store
   * @param {{extras: Extra[], actions: Node[]}} options  Further controls of the card and of the toolbar.
   */
  constructor(store, { extras, actions }) {
    this.store = store;
    this.input = new Input(
      () => store.state.info,
      (documents) => this.read(documents),
    );
    this.body = el('div', { class: 'body' });
    this.heading = el('header', { class: 'document-head' });
    byId('article').replaceChildren(this.heading, this.body);
    this.article = new Article(this.body, () => store.state.view);
    this.card = new Card(this.article, store, extras);
    /** @type {string|null} */
    this.packed = null;
    /** @type {AbortController|null} */
    this.running = null;
    /** @type {Place|null} */
    this.place = null;
    this.rest = 0;
    this.#mount(actions);
  }

  /** Take up the state of the address: filters, and a text if it holds one. */
  async restore() {
    try {
      const { view, current, documents, packed } = await readHash(location.hash);
      this.store.set({ view });
      if (documents) {
        await this.read(documents);
        this.packed = packed;
        this.open(Math.min(current, documents.length - 1));
        if (isFiltered(view)) this.step(1);
      }
    } catch (error) {
      report(error);
    }
  }

  /**
   * Classify documents and show them as the answers come.
   *
   * @param {SourceDocument[]} documents
   */
  async read(documents) {
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    this.packed = null;
    this.place = null;
    this.rest = 0;
    byId('notices').replaceChildren();
    this.store.set({ readings: [], current: 0, scope: 'all' });
    this.#progress(documents, 0);
    /** @type {Reading[]} */
    const arrived = [];
    try {
      await run(documents, this.store.state.info, {
        signal: running.signal,
        onReadings: (readings) => {
          clearNotice('wait');
          if (documents.length === 1 && readings[0].fault) return this.#refused(readings[0].fault);
          arrived.push(...readings);
          this.#progress(documents, arrived.length);
          return this.#show(arrived, arrived.length === documents.length);
        },
        onWait: (seconds) =>
          notify('note', `The service is busy or still starting; trying again in ${seconds} s.`, 'wait'),
      });
      announce(`Read ${this.store.state.readings.length} of ${documents.length} documents.`);
    } catch (error) {
      if (this.running === running) this.#show(arrived, true);
      report(error);
    } finally {
      if (this.running === running) this.#finished();
    }
  }

  /**
   * Show what has arrived; with thousands of documents not after each group, so that most time goes into reading.
   *
   * @param {Reading[]} arrived
   * @param {boolean} last
   */
  #show(arrived, last) {
    const start = performance.now();
    if (!last && start < this.rest) return;
    const first = this.store.state.readings.length === 0;
    this.store.set({ readings: [...arrived] });
    if (first) this.open(this.#firstRead());
    const end = performance.now();
    this.rest = end + 10 * (end - start);
  }

  /**
   * Show a document.
   *
   * @param {number} index
   */
  open(index) {
    const reading = this.store.state.readings[index];
    if (!reading) return;
    this.card.close();
    this.store.set({ current: index });
    const { document } = reading;
    const several = this.store.state.readings.length > 1 || document.id;
    this.heading.replaceChildren(
      ...(several ? [el('h2', {}, documentName(document, index))] : []),
      ...(document.date
        ? [el('p', { class: 'muted small' }, el('time', { datetime: document.date }, document.date))]
        : []),
      ...(reading.fault ? [el('p', { class: 'fault' }, reading.fault)] : []),
    );
    this.article.show(reading);
  }

  /**
   * Go to the next or the previous sentence that passes the filters, in whichever document it is.
   *
   * @param {number} by
   */
  step(by) {
    const { readings, view, current } = this.store.state;
    const places = matchingPlaces(
      readings.map((reading, index) => ({ reading, index })),
      view,
    );
    if (!places.length) return;
    const from = this.place ?? { reading: current, sentence: -1 };
    const next = by > 0 ? places.find((place) => before(from, place)) : places.findLast((place) => before(place, from));
    this.go(next ?? places[by > 0 ? 0 : places.length - 1]);
  }

  /** @param {Place} place */
  go(place) {
    if (place.reading !== this.store.state.current) this.open(place.reading);
    this.place = place;
    this.article.goTo(place.sentence);
  }

  /** @param {Node[]} actions */
  #mount(actions) {
    const { store } = this;
    const chosen = () => {
      this.place = null;
      this.step(1);
    };
    mountToolbar(byId('toolbar'), store, {
      onNew: () => this.#newText(),
      onStep: (by) => this.step(by),
      onText: (packed) => {
        this.packed = packed;
        this.#writeHash();
      },
      actions,
    });
    mountFilters(byId('filters'), store);
    mountTable(byId('table'), store, chosen);
    mountGraph(byId('graph'), store, chosen);
    mountTimeline(byId('timeline-panel'), byId('timeline'), store, (reading) => this.open(reading));
    mountDocuments(byId('documents-panel'), byId('documents'), store, (reading) => this.open(reading));
    store.on(['view'], () => {
      this.place = null;
      this.card.close();
      this.article.refresh();
    });
    store.on(['view', 'current'], () => this.#writeHash());
    store.on(['info'], () => this.input.count());
    byId('cancel').addEventListener('click', () => this.running?.abort());
    byId('back').addEventListener('click', () => this.#showResults(true));
    document.addEventListener('page:new-text', () => {
      if (byId('input').hidden) this.#newText();
    });
  }

  #newText() {
    this.running?.abort();
    this.card.close();
    this.input.clear();
    byId('back').hidden = this.store.state.readings.length === 0;
    this.#showResults(false);
  }

  /** @param {string} fault */
  #refused(fault) {
    const [, field, reason] = /^(text|date|entities\S*|id): (.*)$/s.exec(fault) ?? [null, 'text', fault];
    this.#toInput();
    this.input.fault(field ?? 'text', reason ?? fault);
  }

  #toInput() {
    byId('back').hidden = true;
    this.#showResults(false);
  }

  #firstRead() {
    return Math.max(
      0,
      this.store.state.readings.findIndex(({ fault }) => !fault),
    );
  }

  #finished() {
    this.running = null;
    byId('progress').hidden = true;
    const { readings } = this.store.state;
    if (!readings.length) return this.#toInput();
    return this.#writeHash();
  }

  /** @param {boolean} shown */
  #showResults(shown) {
    byId('results').hidden = !shown;
    this.input.toggle(!shown);
  }

  /**
   * @param {SourceDocument[]} documents
   * @param {number} done
   */
  #progress(documents, done) {
    const bar = byId('progress-bar');
    byId('progress').hidden = done === documents.length;
    this.input.toggle(false);
    byId('results').hidden = done === 0;
    bar.max = documents.length;
    // A single document is answered as a whole: how far it is nobody knows.
    if (documents.length === 1) bar.removeAttribute('value');
    else bar.value = done;
    byId('progress-text').textContent =
      documents.length === 1
        ? `Reading ${codePoints(documents[0].text).toLocaleString('en')} characters…`
        : `${done.toLocaleString('en')} of ${documents.length.toLocaleString('en')} documents`;
  }

  #writeHash() {
    if (!this.store.state.readings.length) return;
    const hash = writeHash(this.store.state.view, this.store.state.current, this.packed);
    const address = `${location.pathname}${location.search}${hash ? `#${hash}` : ''}`;
    history.replaceState(null, '', address);
  }
}

/**
 * @param {Place} a
 * @param {Place} b
 */
function before(a, b) {
  return a.reading < b.reading || (a.reading === b.reading && a.sentence < b.sentence);
}
