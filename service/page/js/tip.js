/** One tooltip for the drawings. What it says is on its element's label too, so screen readers need it not. */

import { el } from './dom.js';

const tip = el('div', { class: 'tip', 'aria-hidden': 'true' });
tip.hidden = true;
document.body.append(tip);

/**
 * @param {Element} element  What it is about.
 * @param {string} text
 */
export function showTip(element, text) {
  tip.textContent = text;
  tip.hidden = false;
  const place = element.getBoundingClientRect();
  const left = place.left + place.width / 2 - tip.offsetWidth / 2;
  const top = place.top - tip.offsetHeight - 6;
  tip.style.left = `${Math.max(8, Math.min(left, innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${top > 4 ? top : place.bottom + 6}px`;
}

export function hideTip() {
  tip.hidden = true;
}

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') hideTip();
});
document.addEventListener('scroll', hideTip, { passive: true, capture: true });
