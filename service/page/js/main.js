/** Puts the page together. */

import { discover } from './api.js';
import { byId } from './dom.js';
import { loadIcons } from './icons.js';
import { report } from './notices.js';
import { Reader } from './reader.js';
import { Store } from './store.js';
import { mountTheme } from './theme.js';

const store = new Store();
mountTheme(byId('theme'));
// Without icons the page still works: every one stands beside its name.
loadIcons().catch(() => {});
const reader = new Reader(store, { extras: [], actions: [] });

store.on(['info'], () => {
  const { info } = store.state;
  const element = byId('model');
  element.textContent = info ? `${info.model.name} ${info.model.version}` : '';
  element.title = info ? `Model ${info.model.name} ${info.model.version}, SHA-256 ${info.model.sha256}` : '';
});

async function start() {
  byId('view-read').hidden = false;
  byId('tab-read').setAttribute('aria-current', 'page');
  try {
    store.set(await discover());
  } catch (error) {
    report(error);
  }
  await reader.restore();
}

await start();
