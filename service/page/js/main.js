/** Puts the page together. */

import { discover } from './api.js';
import { correctButtons } from './correct.js';
import { byId } from './dom.js';
import { loadIcons } from './icons.js';
import { report } from './notices.js';
import { Reader } from './reader.js';
import { Review } from './review.js';
import { applyScheme } from './scheme.js';
import { reviewButton } from './send-review.js';
import { Store } from './store.js';
import { mountTheme } from './theme.js';
import { whyButton } from './why.js';

const store = new Store();
mountTheme(byId('theme'));
// Without icons the page still works: every one stands beside its name.
loadIcons().catch(() => {});
/** @type {Reader} */
const reader = new Reader(store, {
  extras: [whyButton(store), correctButtons(store, () => reader.article)],
  actions: [reviewButton(store)],
});
const review = new Review(byId('view-review'), store);

store.on(['info', 'paths'], () => {
  const { info, paths } = store.state;
  const element = byId('model');
  element.textContent = info ? `${info.model.name} ${info.model.version}` : '';
  element.title = info ? `Model ${info.model.name} ${info.model.version}, SHA-256 ${info.model.sha256}` : '';
  byId('tab-review').hidden = !paths.has('/review');
});

/** Show the view that the address names. */
function route() {
  const reviewing = new URLSearchParams(location.search).get('view') === 'review' && store.state.paths.has('/review');
  byId('view-read').hidden = reviewing;
  byId('view-review').hidden = !reviewing;
  for (const [id, current] of /** @type {[string, boolean][]} */ ([
    ['tab-read', !reviewing],
    ['tab-review', reviewing],
  ])) {
    if (current) byId(id).setAttribute('aria-current', 'page');
    else byId(id).removeAttribute('aria-current');
  }
  if (reviewing) review.load();
}

for (const id of ['tab-read', 'tab-review']) {
  byId(id).addEventListener('click', (/** @type {MouseEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, '', byId(id).href);
    route();
  });
}
window.addEventListener('popstate', route);
// A link that is opened in this tab changes nothing but what stands after the #.
window.addEventListener('hashchange', () => reader.restore());

async function start() {
  // Whether there is a queue to review only the service can say; reading can begin before it answers.
  if (!new URLSearchParams(location.search).has('view')) route();
  try {
    const found = await discover();
    // Before anybody draws with the colours and the words of the scheme.
    applyScheme(found.info);
    store.set(found);
  } catch (error) {
    report(error);
  }
  route();
  await reader.restore();
}

await start();
