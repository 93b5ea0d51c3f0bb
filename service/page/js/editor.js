/** Edits the annotation of one sentence: mentions, countries, stances, and whom they are aimed at. */

/** @import {Annotation, Fault, Label} from './types.js' */
/** @import {Known} from './countries.js' */

import { annotatedText } from './annotated.js';
import { chosenCountry, countryList } from './countries.js';
import { sameAnnotations } from './derive.js';
import { el, icon } from './dom.js';
import { keepingFocus } from './filters.js';
import { codeTag, stanceLabel } from './marks.js';
import { entityHeading, entityWords, labelWord, scheme } from './scheme.js';

let editors = 0;

export class Editor {
  /**
   * @param {{text: string, annotations: Annotation[], labels: Label[], countries: Known[], onChange?: () => void}} options
   */
  constructor({ text, annotations, labels, countries, onChange }) {
    this.text = text;
    this.labels = labels;
    this.countries = countries;
    this.onChange = onChange;
    this.original = annotations;
    /** @type {Annotation[]} */
    this.annotations = structuredClone(annotations);
    /** @type {Fault[]} */
    this.faults = [];
    this.sentence = el('p', { class: 'body editor-text' });
    this.rows = el('ul', { class: 'editor-rows' });
    this.element = el('div', { class: 'editor' }, this.sentence, this.rows, this.#adder());
    this.#draw();
  }

  /** Whether anything differs from what was given. */
  get changed() {
    return !sameAnnotations(this.annotations, this.original);
  }

  /**
   * Show what the service finds wrong, each fault at its entity.
   *
   * @param {Fault[]} faults
   */
  showFaults(faults) {
    this.faults = faults;
    this.#draw();
  }

  #changed() {
    this.faults = [];
    this.#draw();
    this.onChange?.();
  }

  #draw() {
    this.sentence.replaceChildren(...annotatedText(this.text, this.annotations));
    keepingFocus(this.rows, () => {
      this.rows.replaceChildren(...this.annotations.map((annotation, index) => this.#row(annotation, index)));
    });
  }

  /**
   * @param {Annotation} annotation
   * @param {number} index
   */
  #row(annotation, index) {
    const name = this.#name(annotation.code);
    const faults = this.faults.filter(({ field }) => field.startsWith(`entities[${index}]`));
    return el(
      'li',
      {},
      el(
        'div',
        { class: 'editor-head' },
        el('strong', {}, codeTag(annotation.code), ' ', name),
        annotation.mentions.map((form) => this.#mention(annotation, form)),
        el('span', { class: 'spring' }),
        el(
          'button',
          {
            type: 'button',
            class: 'quiet small',
            'aria-label': `Remove ${name}`,
            onclick: () => this.#removeEntity(annotation),
          },
          'Remove',
        ),
      ),
      el(
        'div',
        { class: 'group', role: 'group', 'aria-label': `${labelWord() === 'stance' ? 'Stances' : 'Labels'} of ${name}` },
        this.labels.map((label) => this.#stance(annotation, name, label)),
      ),
      Object.keys(annotation.stances).map((stance) => this.#targets(annotation, name, stance)),
      faults.map(({ field, reason }) =>
        el('p', { class: 'fault', role: 'alert' }, `${field.replace(/^entities\[\d+\]\.?/, '')} ${reason}`.trim()),
      ),
    );
  }

  /**
   * @param {Annotation} annotation
   * @param {string} form
   */
  #mention(annotation, form) {
    const remove = () => {
      annotation.mentions = annotation.mentions.filter((item) => item !== form);
      if (!annotation.mentions.length) this.#removeEntity(annotation);
      else this.#changed();
    };
    return el(
      'span',
      { class: 'chip' },
      form,
      el(
        'button',
        { type: 'button', class: 'quiet icon-button', 'aria-label': `Remove the mention ${form}`, onclick: remove },
        icon('close'),
      ),
    );
  }

  /**
   * @param {Annotation} annotation
   * @param {string} name
   * @param {Label} label
   */
  #stance(annotation, name, { name: stance, description }) {
    const taken = stance in annotation.stances;
    const toggle = () => {
      if (taken) delete annotation.stances[stance];
      else if (scheme().multi_label) annotation.stances[stance] = [];
      else annotation.stances = { [stance]: [] };
      this.#changed();
    };
    return el(
      'button',
      {
        type: 'button',
        class: 'toggle',
        'aria-pressed': String(taken),
        title: description,
        'data-key': `${annotation.code} ${stance}`,
        'aria-label': `${name}: ${stance}`,
        onclick: toggle,
      },
      stanceLabel(stance),
    );
  }

  /**
   * @param {Annotation} annotation
   * @param {string} name
   * @param {string} stance
   */
  #targets(annotation, name, stance) {
    const others = this.annotations.filter(({ code }) => code !== annotation.code);
    if (!others.length || !scheme().directed) return null;
    const toggles = others.map(({ code }) => {
      const toward = annotation.stances[stance];
      const aimed = toward.includes(code);
      const toggle = () => {
        annotation.stances[stance] = aimed ? toward.filter((item) => item !== code) : [...toward, code];
        this.#changed();
      };
      return el(
        'button',
        {
          type: 'button',
          class: 'toggle',
          'aria-pressed': String(aimed),
          'data-key': `${annotation.code} ${stance} ${code}`,
          'aria-label': `${name}: ${stance} toward ${this.#name(code)}`,
          onclick: toggle,
        },
        codeTag(code),
      );
    });
    return el(
      'div',
      { class: 'group targets' },
      el('span', { class: 'small' }, stanceLabel(stance), ' toward'),
      toggles,
    );
  }

  /** The line that adds a mention; text that is selected in the sentence goes into it. */
  #adder() {
    editors += 1;
    const id = `countries-${editors}`;
    const words = el('input', {
      type: 'text',
      'aria-label': 'Words of the sentence',
      placeholder: 'select words above',
    });
    const country = el('input', { type: 'text', list: id, 'aria-label': entityHeading()[0], placeholder: entityWords()[0] });
    const fault = el('p', { class: 'fault', role: 'alert' });
    const add = () => {
      fault.textContent = this.#add(words.value.trim(), country.value);
      if (fault.textContent) return;
      words.value = '';
      country.value = '';
    };
    for (const input of [words, country]) {
      input.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter') return;
        event.preventDefault();
        add();
      });
    }
    for (const type of ['pointerup', 'keyup']) {
      this.sentence.addEventListener(type, () => {
        const selected = selectedText(this.sentence);
        if (!selected) return;
        words.value = selected;
        country.focus();
      });
    }
    const button = el('button', { type: 'button', onclick: add }, 'Add');
    const line = el('div', { class: 'adder' }, words, el('span', {}, 'is a mention of'), country, button);
    return el('div', {}, line, fault, countryList(id, this.countries));
  }

  /**
   * @param {string} form
   * @param {string} entry
   * @returns {string} What is wrong, or nothing.
   */
  #add(form, entry) {
    if (!form || !this.text.includes(form)) return `The sentence does not have the words “${form}”.`;
    const own = this.annotations.map(({ code }) => ({ code, name: this.#name(code), kind: '' }));
    const chosen = chosenCountry(entry, [...this.countries, ...own]);
    if (!chosen) return `Choose ${entityWords()[0] === 'entity' ? 'an entity' : 'a country or a bloc'} from the list.`;
    const there = this.annotations.find(({ code }) => code === chosen.code);
    if (there && !there.mentions.includes(form)) there.mentions.push(form);
    if (!there) this.annotations.push({ code: chosen.code, mentions: [form], stances: {} });
    this.annotations.sort((a, b) => this.#first(a) - this.#first(b));
    this.#changed();
    return '';
  }

  /** @param {Annotation} annotation */
  #first({ mentions }) {
    return Math.min(...mentions.map((form) => this.text.indexOf(form)));
  }

  /** @param {Annotation} annotation */
  #removeEntity(annotation) {
    this.annotations = this.annotations.filter((item) => item !== annotation);
    for (const { stances } of this.annotations) {
      for (const stance of Object.keys(stances))
        stances[stance] = stances[stance].filter((code) => code !== annotation.code);
    }
    this.#changed();
  }

  /** @param {string} code */
  #name(code) {
    return this.countries.find((item) => item.code === code)?.name ?? code;
  }
}

/**
 * What is selected inside an element, without the marks that stand between the words.
 *
 * @param {HTMLElement} element
 */
function selectedText(element) {
  const selection = getSelection();
  if (!selection?.rangeCount || selection.isCollapsed) return '';
  const range = selection.getRangeAt(0);
  if (!element.contains(range.commonAncestorContainer)) return '';
  const fragment = range.cloneContents();
  for (const mark of fragment.querySelectorAll('.mark')) mark.remove();
  return (fragment.textContent ?? '').trim();
}
