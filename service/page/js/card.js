/** The card of an entity: how it was found, its scores, its stances and whom they are aimed at. */

/** @import {Entity, Label, Reading} from './types.js' */
/** @import {Actor} from './article.js' */
/** @import {Store} from './store.js' */

import { stanceHue } from './colours.js';
import { takenStances } from './derive.js';
import { byId, el, icon } from './dom.js';
import { codeTag, percent, stanceLabel } from './marks.js';
import { scheme } from './scheme.js';

const DELAY = 140;

const SOURCES = /** @type {Record<string, string>} */ ({
  name: 'by name',
  adjective: 'by adjective',
  capital: 'by its capital',
  seat: 'by a seat of power',
  body: 'by a state body',
  title: 'by a title',
  bloc: 'as a bloc',
  office_holder: 'by an office-holder',
  introduced: 'by a person introduced before',
  gazetteer: 'by a name of the model’s list',
  given: 'as you named it',
});

/**
 * @typedef {{reading: Reading, index: number, entity: Entity}} Subject  `index` is the sentence's.
 * @typedef {(subject: Subject, close: () => void, stance: string|null) => Node[]} Extra
 *   Further controls, for a stance or for the whole entity.
 */

export class Card {
  /**
   * @param {import('./article.js').Article} article
   * @param {Store} store
   * @param {Extra[]} extras
   */
  constructor(article, store, extras) {
    this.article = article;
    this.store = store;
    this.extras = extras;
    /** @type {HTMLElement} */
    this.root = byId('card');
    /** @type {Actor|null} */
    this.actor = null;
    this.pinned = false;
    this.timer = 0;
    this.#listen();
  }

  close() {
    const { actor, pinned } = this;
    clearTimeout(this.timer);
    const focused = this.root.contains(document.activeElement);
    this.root.hidden = true;
    this.actor = null;
    // Still pinned, so that the focus coming back to the mention does not open the card again.
    if (pinned && actor && focused) actor.element.focus();
    this.pinned = false;
  }

  #listen() {
    const { root: article } = this.article;
    const actorAt = (/** @type {Event} */ event) => {
      const element = event.target instanceof Element ? event.target.closest('.actor') : null;
      return element ? this.article.actorOf.get(element) : undefined;
    };
    article.addEventListener('pointerover', (event) => {
      const actor = actorAt(event);
      if (event.pointerType !== 'touch' && actor && actor !== this.actor && !this.pinned)
        this.#soon(() => this.#show(actor, false));
    });
    article.addEventListener('pointerout', () => this.#leave());
    this.root.addEventListener('pointerenter', () => clearTimeout(this.timer));
    this.root.addEventListener('pointerleave', () => this.#leave());
    article.addEventListener('focusin', (event) => {
      const actor = actorAt(event);
      if (actor && !this.pinned && actor.element.matches(':focus-visible')) this.#show(actor, false);
    });
    article.addEventListener('focusout', () => this.#leave());
    article.addEventListener('click', (event) => {
      const actor = actorAt(event);
      if (actor) this.#show(actor, true);
    });
    article.addEventListener('keydown', (event) => {
      const actor = actorAt(event);
      if (!actor || (event.key !== 'Enter' && event.key !== ' ')) return;
      event.preventDefault();
      this.#show(actor, true);
      this.root.querySelector('button')?.focus();
    });
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !this.root.hidden && !document.querySelector('dialog[open]')) this.close();
    });
    document.addEventListener('pointerdown', (event) => {
      const inside =
        event.target instanceof Node && (this.root.contains(event.target) || article.contains(event.target));
      if (!inside && !document.querySelector('dialog[open]')) this.close();
    });
  }

  #leave() {
    if (!this.pinned) this.#soon(() => this.close());
  }

  /** @param {() => void} action */
  #soon(action) {
    clearTimeout(this.timer);
    this.timer = setTimeout(action, DELAY);
  }

  /**
   * @param {Actor} actor
   * @param {boolean} pinned
   */
  #show(actor, pinned) {
    clearTimeout(this.timer);
    this.actor = actor;
    this.pinned = pinned;
    const reading = /** @type {Reading} */ (this.article.reading);
    const subject = { reading, index: actor.sentence, entity: actor.entity };
    const close = () => this.close();
    const { labels = [] } = this.store.state.info ?? {};
    this.root.setAttribute('aria-label', actor.entity.name);
    this.root.replaceChildren(
      head(actor, close),
      scores(subject, labels, this.store.state.view.min, (stance) =>
        this.extras.flatMap((extra) => extra(subject, close, stance)),
      ),
      ...this.extras.flatMap((extra) => extra(subject, close, null)),
    );
    this.root.hidden = false;
    this.#place(actor.element);
  }

  /** @param {HTMLElement} element */
  #place(element) {
    const [box] = element.getClientRects();
    const { offsetWidth: width, offsetHeight: height } = this.root;
    const below = box.bottom + 6;
    const above = box.top - height - 6;
    const top = below + height > innerHeight && above > 8 ? above : below;
    this.root.style.left = `${Math.max(8, Math.min(box.left, document.documentElement.clientWidth - width - 8)) + scrollX}px`;
    this.root.style.top = `${top + scrollY}px`;
  }
}

/**
 * @param {Actor} actor
 * @param {() => void} close
 */
function head({ entity, element }, close) {
  const form = element.firstElementChild?.textContent;
  const source = entity.mentions.find(({ text }) => text === form)?.source ?? entity.mentions[0].source;
  const kind = entity.type ?? entity.kind.replace('_', ' ');
  return el(
    'header',
    {},
    el('h3', {}, codeTag(entity.code), ' ', entity.name),
    el('button', { type: 'button', class: 'quiet icon-button', 'aria-label': 'Close', onclick: close }, icon('close')),
    el(
      'p',
      { class: 'muted small' },
      [entity.alpha3, kind, `found ${SOURCES[source] ?? source}`].filter(Boolean).join(' · '),
    ),
  );
}

/**
 * @param {Subject} subject
 * @param {Label[]} labels
 * @param {number|null} min
 * @param {(stance: string) => Node[]} extras
 */
function scores({ reading, index, entity }, labels, min, extras) {
  const taken = takenStances(entity, min);
  const others = reading.sentences[index].entities;
  const name = (/** @type {string} */ code) => others.find((other) => other.code === code)?.name ?? code;
  return el(
    'ul',
    { class: 'scores' },
    Object.entries(entity.scores).map(([stance, score]) => {
      const threshold = min ?? labels.find((label) => label.name === stance)?.threshold ?? null;
      const held = taken.find((item) => item.stance === stance);
      return el(
        'li',
        { class: held ? 'held' : '', '--stance-hue': stanceHue(stance) },
        stanceLabel(stance),
        el(
          'span',
          {
            class: 'meter',
            '--score': `${score * 100}%`,
            '--threshold': threshold === null ? '0%' : `${threshold * 100}%`,
            title: threshold === null ? 'the most probable one is shown' : `shown from ${percent(threshold)}`,
          },
          el('span', { class: 'fill' }),
        ),
        el('span', { class: 'number' }, percent(score)),
        held && el('p', { class: 'toward small' }, ...toward(held, name), ...extras(stance)),
      );
    }),
  );
}

/**
 * @param {import('./types.js').Stance} stance
 * @param {(code: string) => string} name
 * @returns {(Node|string)[]}
 */
function toward({ toward: targets, tentative }, name) {
  if (tentative) return ["below the model's threshold "];
  if (!scheme().directed) return [];
  if (!targets.length) return ['toward nobody named '];
  return ['toward ', ...targets.flatMap(({ code, score }) => [codeTag(code), ` ${name(code)} ${percent(score)} `])];
}
