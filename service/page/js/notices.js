/** Messages at the top of the page; faults of a field stand at the field instead. */

import { byId, el, icon } from './dom.js';

/**
 * Show a message until it is closed, or replace the one of the same topic.
 *
 * @param {'fault'|'note'} kind
 * @param {string} message
 * @param {string} [topic]
 */
export function notify(kind, message, topic = message) {
  clearNotice(topic);
  const notice = el(
    'div',
    { class: `notice ${kind}`, role: kind === 'fault' ? 'alert' : 'status', 'data-topic': topic },
    el('span', {}, message),
    el(
      'button',
      { type: 'button', class: 'quiet icon-button', 'aria-label': 'Close the message', onclick: () => notice.remove() },
      icon('close'),
    ),
  );
  byId('notices').append(notice);
}

/** @param {string} topic */
export function clearNotice(topic) {
  for (const notice of byId('notices').children) {
    if (notice.getAttribute('data-topic') === topic) notice.remove();
  }
}

/**
 * Show what went wrong; a cancelled request is no fault.
 *
 * @param {unknown} error
 */
export function report(error) {
  if (error instanceof DOMException && error.name === 'AbortError') return;
  notify('fault', error instanceof Error ? error.message : String(error));
}
