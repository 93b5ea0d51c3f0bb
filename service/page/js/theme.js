/** Light or dark: as the system has it, until the reader chooses. */

const KEY = 'entity-stance.theme';
const CHOICES = ['auto', 'light', 'dark'];

/** @returns {string} */
function chosen() {
  const theme = localStorage.getItem(KEY) ?? 'auto';
  return CHOICES.includes(theme) ? theme : 'auto';
}

function apply() {
  document.documentElement.dataset.theme = chosen();
}

/**
 * Let a button go through the themes.
 *
 * @param {HTMLButtonElement} button
 */
export function mountTheme(button) {
  const label = () => {
    button.setAttribute('aria-label', `Theme: ${chosen()}. Change`);
    button.title = `Theme: ${chosen()}`;
  };
  button.addEventListener('click', () => {
    localStorage.setItem(KEY, CHOICES[(CHOICES.indexOf(chosen()) + 1) % CHOICES.length]);
    apply();
    label();
  });
  label();
}

apply();
