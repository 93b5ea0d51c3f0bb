/** Corrections of a sentence: confirmed as it is or changed, saved, and taken back. */

/** @import {Store} from './store.js' */
/** @import {Article} from './article.js' */
/** @import {Subject, Extra} from './card.js' */
/** @import {Annotation} from './types.js' */

import { ProblemError, call } from './api.js';
import { knownCountries } from './countries.js';
import { annotations, sameAnnotations } from './derive.js';
import { announce, byId, el } from './dom.js';
import { Editor } from './editor.js';
import { report } from './notices.js';
import { userField, userName } from './user.js';

/**
 * @param {Store} store
 * @param {() => Article} article
 * @returns {Extra} The buttons of an entity, where the service keeps corrections.
 */
export function correctButtons(store, article) {
  return (subject, close, stance) => {
    if (stance !== null || !store.state.paths.has('/corrections')) return [];
    const correct = () => {
      close();
      openEditor(subject, store, article());
    };
    const confirm = async () => {
      if (!userName()) return correct();
      close();
      try {
        await save(subject, annotations(sentenceOf(subject).entities), null, article());
      } catch (error) {
        report(error);
      }
      return undefined;
    };
    return [
      el(
        'div',
        { class: 'actions' },
        el('button', { type: 'button', onclick: confirm, title: 'Everything in this sentence is right' }, 'Confirm'),
        el('button', { type: 'button', onclick: correct }, 'Correct…'),
      ),
    ];
  };
}

/** @param {Subject} subject */
function sentenceOf({ reading, index }) {
  return reading.sentences[index];
}

/**
 * @param {Subject} subject
 * @param {Store} store
 * @param {Article} article
 */
async function openEditor(subject, store, article) {
  /** @type {HTMLDialogElement} */
  const dialog = byId('editor-dialog');
  const sentence = sentenceOf(subject);
  const countries = await knownCountries().catch((error) => {
    report(error);
    return null;
  });
  if (!countries) return;
  const own = sentence.entities.filter(({ code }) => !countries.some((known) => known.code === code));
  const saveButton = el('button', { type: 'submit', class: 'primary' }, 'Save as it is');
  const editor = new Editor({
    text: sentence.text,
    annotations: annotations(sentence.entities),
    labels: store.state.info?.labels ?? [],
    countries: [...own, ...countries],
    onChange: () => {
      saveButton.textContent = editor.changed ? 'Save the correction' : 'Save as it is';
    },
  });
  const note = el('input', { id: 'correction-note', type: 'text', maxlength: 1000 });
  const fault = el('p', { class: 'fault', role: 'alert' });
  const form = el(
    'form',
    { method: 'dialog', novalidate: true },
    el('h2', { id: 'editor-title' }, 'Correct this sentence'),
    editor.element,
    el(
      'div',
      { class: 'about' },
      userField('correction-user'),
      el('label', { class: 'inline', for: 'correction-note' }, 'Note ', note),
    ),
    fault,
    el(
      'div',
      { class: 'actions' },
      saveButton,
      el('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'),
    ),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    fault.textContent = userName() ? '' : 'Enter your name, so that others know whose correction it is.';
    if (fault.textContent) return byId('correction-user').focus();
    saveButton.disabled = true;
    try {
      await save(subject, editor.annotations, note.value.trim() || null, article);
      dialog.close();
    } catch (error) {
      if (error instanceof ProblemError) editor.showFaults(error.faults);
      fault.textContent = error instanceof Error ? error.message : String(error);
    } finally {
      saveButton.disabled = false;
    }
  });
  dialog.replaceChildren(form);
  dialog.showModal();
}

/**
 * @param {Subject} subject
 * @param {Annotation[]} entities
 * @param {string|null} note
 * @param {Article} article
 */
async function save(subject, entities, note, article) {
  const { reading, index } = subject;
  const sentence = sentenceOf(subject);
  const { id, date } = reading.document;
  const body = {
    text: sentence.text,
    document: id === null && date === null ? null : { id, date },
    model: reading.model,
    predicted: annotations(sentence.entities),
    entities,
    user: userName(),
    note,
  };
  const saved = await call('corrections', { method: 'POST', body });
  const changed = !sameAnnotations(entities, body.predicted);
  const undo = async () => {
    try {
      await call(`corrections/${encodeURIComponent(saved.id)}`, { method: 'DELETE' });
      article.decorate(reading, index, null);
      announce('Taken back.');
    } catch (error) {
      report(error);
    }
  };
  const badge = el(
    'span',
    { class: 'saved' },
    changed ? 'corrected' : 'confirmed',
    el('button', { type: 'button', class: 'link', onclick: undo }, 'Undo'),
  );
  article.decorate(reading, index, badge);
  announce('Saved.');
}
