/** The article: its sentences with mentions coloured by country and stances marked on them. */

/** @import {Entity, Mention, Reading, Sentence, View} from './types.js' */

import { toUnits } from './codepoints.js';
import { countryHue, underline } from './colours.js';
import { announce, el } from './dom.js';
import { isFiltered, sentenceMatches, shownStances, takenStances } from './derive.js';
import { stanceMark } from './marks.js';

const CHUNK_SENTENCES = 60;
const SLICE_MILLISECONDS = 12;

/** Forms that say which country they mean; the others carry its code. */
const PLAIN_SOURCES = new Set(['name', 'adjective', 'bloc', 'given']);

/**
 * @typedef {{sentence: number, entity: Entity, element: HTMLElement, marks: HTMLElement|null, signature: string}} Actor
 *   A mention on the page; the first one of its entity in the sentence bears the marks.
 */

export class Article {
  /**
   * @param {HTMLElement} root
   * @param {() => View} view
   */
  constructor(root, view) {
    this.root = root;
    this.view = view;
    /** @type {Reading|null} */
    this.reading = null;
    /** @type {HTMLElement[]} */
    this.sentences = [];
    /** @type {Actor[]} */
    this.actors = [];
    /** @type {WeakMap<Element, Actor>} */
    this.actorOf = new WeakMap();
    /** @type {WeakMap<Sentence, HTMLElement>} */
    this.badges = new WeakMap();
    this.job = 0;
    root.addEventListener('keydown', (event) => this.#move(event));
  }

  /**
   * Show a reading; the beginning at once, the rest while the browser is idle.
   *
   * @param {Reading} reading
   */
  show(reading) {
    this.job += 1;
    this.reading = reading;
    this.sentences = [];
    this.actors = [];
    this.root.replaceChildren();
    this.root.classList.toggle('filtering', isFiltered(this.view()));
    const units = toUnits(reading.document.text);
    const chunks = chunked(reading);
    this.pending = chunks.map((paragraphs) => () => this.#append(paragraphs, units));
    this.#next();
    this.#inSlices(this.job, () => this.#next());
  }

  /** Mark the sentences anew after the view changed: what the window shows at once, the rest while idle. */
  refresh() {
    this.job += 1;
    this.root.classList.toggle('filtering', isFiltered(this.view()));
    const job = this.job;
    const queue = this.actors.slice();
    let at = 0;
    this.#dim();
    this.#inSlices(job, () => {
      for (let count = 0; count < 100 && at < queue.length; count += 1) this.#mark(queue[at++]);
      return at < queue.length || this.#next();
    });
  }

  /**
   * Put something at the end of a sentence, in the place of what stood there; it stays when the article is shown again.
   *
   * @param {Reading} reading
   * @param {number} index
   * @param {HTMLElement|null} badge
   */
  decorate(reading, index, badge) {
    const sentence = reading.sentences[index];
    this.badges.get(sentence)?.remove();
    if (badge) this.badges.set(sentence, badge);
    else this.badges.delete(sentence);
    if (badge && reading === this.reading) this.sentences[index]?.append(badge);
  }

  /**
   * Bring a sentence into view, point at it and give its first shown actor the focus.
   *
   * @param {number} index
   */
  goTo(index) {
    while (index >= this.sentences.length && this.#next());
    const sentence = this.sentences[index];
    if (!sentence) return;
    this.root.querySelector('.pointed')?.classList.remove('pointed');
    sentence.classList.add('pointed');
    sentence.scrollIntoView({ block: 'center' });
    const actor = sentence.querySelector('.actor.taking') ?? sentence.querySelector('.actor');
    if (actor instanceof HTMLElement) this.#focus(actor, { preventScroll: true });
    announce(`Sentence ${index + 1}: ${this.reading?.sentences[index].text ?? ''}`);
  }

  /** @returns {boolean} Whether there is more to append. */
  #next() {
    this.pending?.shift()?.();
    return Boolean(this.pending?.length);
  }

  /**
   * @param {number} job
   * @param {() => boolean} step  Returns whether there is more to do.
   */
  #inSlices(job, step) {
    const slice = () => {
      if (job !== this.job) return;
      const end = performance.now() + SLICE_MILLISECONDS;
      while (performance.now() < end) if (!step()) return;
      setTimeout(slice);
    };
    slice();
  }

  /**
   * @param {number[][]} paragraphs
   * @param {(offset: number) => number} units
   */
  #append(paragraphs, units) {
    const chunk = el('div', { class: 'chunk' });
    for (const indices of paragraphs) {
      const paragraph = el('p');
      for (const index of indices) paragraph.append(this.#sentence(index, units), ' ');
      chunk.append(paragraph);
    }
    this.root.append(chunk);
  }

  /**
   * @param {number} index
   * @param {(offset: number) => number} units
   */
  #sentence(index, units) {
    const reading = /** @type {Reading} */ (this.reading);
    const { text } = reading.document;
    const sentence = reading.sentences[index];
    const element = el('span', { class: 'sentence', 'data-index': index });
    let at = sentence.start;
    for (const { entity, mention, first } of mentionsOf(sentence)) {
      if (mention.start < at) continue;
      element.append(text.slice(units(at), units(mention.start)), this.#actor(index, entity, mention, first));
      at = mention.end;
    }
    element.append(text.slice(units(at), units(sentence.end)), this.badges.get(sentence) ?? '');
    element.classList.toggle('dimmed', !sentenceMatches(sentence, this.view()));
    this.sentences[index] = element;
    return element;
  }

  /**
   * @param {number} sentence
   * @param {Entity} entity
   * @param {Mention} mention
   * @param {boolean} first
   */
  #actor(sentence, entity, mention, first) {
    const code = PLAIN_SOURCES.has(mention.source) ? null : entity.code;
    const name = el('span', { class: `mention ${underline(entity.code)}`, 'data-code': code }, mention.text);
    const marks = first ? el('span', { class: 'marks' }) : null;
    const element = el(
      'span',
      {
        class: 'actor',
        role: 'button',
        tabindex: this.actors.length ? -1 : 0,
        'aria-haspopup': 'dialog',
        '--hue': countryHue(entity.code),
      },
      name,
      marks,
    );
    const actor = { sentence, entity, element, marks, signature: '?' };
    this.actors.push(actor);
    this.actorOf.set(element, actor);
    this.#mark(actor);
    return element;
  }

  /** @param {Actor} actor */
  #mark(actor) {
    const { entity, element, marks } = actor;
    const view = this.view();
    const stances = shownStances(entity, view);
    const signature = stances.map((item) => `${item.stance}/${item.tentative ?? ''}`).join();
    if (signature === actor.signature) return;
    actor.signature = signature;
    element.classList.toggle('taking', stances.length > 0);
    const said = takenStances(entity, view.min).map((item) => {
      const toward = item.toward.map(({ code }) => this.#nameOf(actor, code)).join(' and ');
      return toward ? `${item.stance} toward ${toward}` : item.stance;
    });
    const text = element.firstElementChild?.textContent ?? '';
    element.setAttribute('aria-label', `${text}, ${entity.name}: ${said.join(', ') || 'no stance'}`);
    marks?.replaceChildren(...stances.map((item) => stanceMark(item)));
  }

  /**
   * @param {Actor} actor
   * @param {string} code
   */
  #nameOf(actor, code) {
    const sentence = this.reading?.sentences[actor.sentence];
    return sentence?.entities.find((entity) => entity.code === code)?.name ?? code;
  }

  #dim() {
    const view = this.view();
    this.sentences.forEach((element, index) => {
      const sentence = /** @type {Sentence} */ (this.reading?.sentences[index]);
      element.classList.toggle('dimmed', !sentenceMatches(sentence, view));
    });
  }

  /**
   * Arrow keys go from mention to mention: the article is a single stop of the tab key.
   *
   * @param {KeyboardEvent} event
   */
  #move(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const actor = event.target instanceof Element && this.actorOf.get(event.target);
    if (!step || !actor) return;
    const next = this.actors[this.actors.indexOf(actor) + step];
    if (next) this.#focus(next.element);
    event.preventDefault();
  }

  /**
   * @param {HTMLElement} element
   * @param {FocusOptions} [options]
   */
  #focus(element, options) {
    this.root.querySelector('.actor[tabindex="0"]')?.setAttribute('tabindex', '-1');
    element.setAttribute('tabindex', '0');
    element.focus(options);
  }
}

/**
 * The mentions of a sentence in the order of the text.
 *
 * @param {Sentence} sentence
 */
function mentionsOf(sentence) {
  return sentence.entities
    .flatMap((entity) => entity.mentions.map((mention, index) => ({ entity, mention, first: index === 0 })))
    .sort((a, b) => a.mention.start - b.mention.start || b.mention.end - a.mention.end);
}

/**
 * Sentences in paragraphs, as line breaks part them, and paragraphs in chunks.
 *
 * @param {Reading} reading
 * @returns {number[][][]}
 */
function chunked({ document, sentences }) {
  const units = toUnits(document.text);
  /** @type {number[][][]} */
  const chunks = [];
  let size = CHUNK_SENTENCES;
  sentences.forEach((sentence, index) => {
    const gap = index ? document.text.slice(units(sentences[index - 1].end), units(sentence.start)) : '\n';
    if (size >= CHUNK_SENTENCES && (gap.includes('\n') || size >= 2 * CHUNK_SENTENCES)) {
      chunks.push([[index]]);
      size = 0;
    } else if (gap.includes('\n')) chunks[chunks.length - 1].push([index]);
    else chunks[chunks.length - 1].at(-1)?.push(index);
    size += 1;
  });
  return chunks;
}
