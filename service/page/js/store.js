/** What the page knows, and who wants to hear of changes. */

/** @import {Info, Reading, View} from './types.js' */

/**
 * @typedef {object} State
 * @property {Info|null} info
 * @property {Set<string>} paths  Routes that the service offers.
 * @property {Reading[]} readings
 * @property {number} current  Which reading the article shows.
 * @property {View} view
 * @property {'all'|'one'} scope  Whether table and graph count all documents or the shown one.
 */

/** @returns {View} */
export function emptyView() {
  return { codes: new Set(), stances: new Set(), target: null, min: null };
}

export class Store {
  constructor() {
    /** @type {State} */
    this.state = { info: null, paths: new Set(), readings: [], current: 0, view: emptyView(), scope: 'all' };
    /** @type {{keys: (keyof State)[], listener: () => void}[]} */
    this.listeners = [];
  }

  /**
   * Call a listener after any of these keys was set.
   *
   * @param {(keyof State)[]} keys
   * @param {() => void} listener
   */
  on(keys, listener) {
    this.listeners.push({ keys, listener });
  }

  /**
   * Set some keys, then tell those who listen; each is told once.
   *
   * @param {Partial<State>} changes
   */
  set(changes) {
    Object.assign(this.state, changes);
    for (const { keys, listener } of this.listeners) {
      if (keys.some((key) => key in changes)) listener();
    }
  }

  /**
   * Change parts of the view.
   *
   * @param {Partial<View>} changes
   */
  look(changes) {
    this.set({ view: { ...this.state.view, ...changes } });
  }

  /** The readings that table, graph and timeline count, each with its index. */
  scoped() {
    const { readings, current, scope } = this.state;
    const all = readings.map((reading, index) => ({ reading, index }));
    return scope === 'one' ? all.slice(current, current + 1) : all;
  }
}
