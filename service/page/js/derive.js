/** From answers to what is shown: which stances count, how often, and toward whom. No DOM in here. */

/** @import {Entity, Sentence, Stance, Reading, View, Relation, Row, Place, Annotation} from './types.js' */

/** @typedef {{reading: Reading, index: number}[]} Scoped */

/** Whether an entity takes one label at most. */
let exclusive = false;

/** @param {boolean} value */
export function excludeEachOther(value) {
  exclusive = value;
}

/**
 * The stances that an entity takes at a probability, or by the model's thresholds when that is null.
 *
 * @param {Entity} entity
 * @param {number|null} min
 * @returns {Stance[]}
 */
export function takenStances(entity, min) {
  if (min === null) return entity.stances;
  const scores = Object.entries(entity.scores).filter(([, score]) => score >= min);
  return (exclusive ? scores.sort(([, a], [, b]) => b - a).slice(0, 1) : scores)
    .map(([stance, score]) => {
      const answered = entity.stances.find((item) => item.stance === stance);
      return answered ?? { stance, score, toward: [], tentative: true };
    });
}

/**
 * The stances of an entity that pass the view's filters.
 *
 * @param {Entity} entity
 * @param {View} view
 */
export function shownStances(entity, view) {
  if (view.codes.size && !view.codes.has(entity.code)) return [];
  return takenStances(entity, view.min).filter(
    (item) =>
      (!view.stances.size || view.stances.has(item.stance)) &&
      (view.target === null || item.toward.some((target) => target.code === view.target)),
  );
}

/** @param {View} view */
export function isFiltered(view) {
  return view.codes.size > 0 || view.stances.size > 0 || view.target !== null;
}

/**
 * Whether a sentence passes the filters: an entity of it takes such a stance, or, where only countries are chosen, is
 * mentioned in it.
 *
 * @param {Sentence} sentence
 * @param {View} view
 */
export function sentenceMatches(sentence, view) {
  if (!isFiltered(view)) return true;
  if (!view.stances.size && view.target === null) return sentence.entities.some((e) => view.codes.has(e.code));
  return sentence.entities.some((entity) => shownStances(entity, view).length > 0);
}

/**
 * Names of all entities by code.
 *
 * @param {Reading[]} readings
 * @returns {Map<string, string>}
 */
export function entityNames(readings) {
  const names = new Map();
  for (const { sentences } of readings) {
    for (const { entities } of sentences) {
      for (const { code, name } of entities) if (!names.has(code)) names.set(code, name);
    }
  }
  return names;
}

/**
 * In how many sentences each country takes each stance; those that take most come first.
 *
 * @param {Scoped} scoped
 * @param {number|null} min
 * @returns {Row[]}
 */
export function countByCountry(scoped, min) {
  /** @type {Map<string, Row>} */
  const rows = new Map();
  for (const { reading } of scoped) {
    for (const { entities } of reading.sentences) {
      for (const entity of entities) {
        let row = rows.get(entity.code);
        if (!row)
          rows.set(entity.code, (row = { code: entity.code, name: entity.name, sentences: 0, counts: {}, total: 0 }));
        row.sentences += 1;
        for (const { stance } of takenStances(entity, min)) {
          row.counts[stance] = (row.counts[stance] ?? 0) + 1;
          row.total += 1;
        }
      }
    }
  }
  return [...rows.values()].sort(
    (a, b) => b.total - a.total || b.sentences - a.sentences || a.name.localeCompare(b.name, 'en'),
  );
}

/**
 * Who takes which stance toward whom, most frequent first. A country filter keeps what it holds and what is aimed at it.
 *
 * @param {Scoped} scoped
 * @param {View} view
 * @returns {Relation[]}
 */
export function relate(scoped, view) {
  /** @type {Map<string, Relation>} */
  const relations = new Map();
  for (const { reading, index } of scoped) {
    reading.sentences.forEach((sentence, number) => {
      for (const entity of sentence.entities) {
        for (const stance of takenStances(entity, view.min)) {
          if (view.stances.size && !view.stances.has(stance.stance)) continue;
          for (const target of stance.toward) {
            if (!concerns(entity.code, target.code, view)) continue;
            const key = JSON.stringify([entity.code, stance.stance, target.code]);
            let item = relations.get(key);
            if (!item) {
              item = { source: entity.code, stance: stance.stance, target: target.code, places: [], score: 0 };
              relations.set(key, item);
            }
            item.places.push({ reading: index, sentence: number });
            item.score = Math.max(item.score, stance.score * target.score);
          }
        }
      }
    });
  }
  return [...relations.values()].sort(
    (a, b) =>
      b.places.length - a.places.length ||
      compare(a.source, b.source) ||
      compare(a.target, b.target) ||
      compare(a.stance, b.stance),
  );
}

/**
 * @param {string} source
 * @param {string} target
 * @param {View} view
 */
function concerns(source, target, view) {
  if (view.target !== null) return view.target === target && (!view.codes.size || view.codes.has(source));
  return !view.codes.size || view.codes.has(source) || view.codes.has(target);
}

/**
 * The places that pass the filters, in reading order.
 *
 * @param {Scoped} scoped
 * @param {View} view
 * @returns {Place[]}
 */
export function matchingPlaces(scoped, view) {
  return scoped.flatMap(({ reading, index }) =>
    reading.sentences.flatMap((sentence, number) =>
      sentenceMatches(sentence, view) ? [{ reading: index, sentence: number }] : [],
    ),
  );
}

/**
 * The annotated-sentence form of answered entities: distinct forms, and stances with the codes they are aimed at.
 *
 * @param {Entity[]} entities
 * @returns {Annotation[]}
 */
export function annotations(entities) {
  return entities.map((entity) => ({
    code: entity.code,
    mentions: [...new Set(entity.mentions.map((mention) => mention.text))],
    stances: Object.fromEntries(entity.stances.map((item) => [item.stance, item.toward.map((target) => target.code)])),
  }));
}

/**
 * Whether two annotations say the same, in whatever order.
 *
 * @param {Annotation[]} a
 * @param {Annotation[]} b
 */
export function sameAnnotations(a, b) {
  return canonical(a) === canonical(b);
}

/** @param {Annotation[]} items */
function canonical(items) {
  const plain = items.map(({ code, mentions, stances }) => [
    code,
    [...mentions].sort(),
    Object.entries(stances)
      .map(([stance, toward]) => [stance, [...toward].sort()])
      .sort(([x], [y]) => compare(String(x), String(y))),
  ]);
  return JSON.stringify(plain.sort(([x], [y]) => compare(String(x), String(y))));
}

/**
 * @param {string} a
 * @param {string} b
 */
function compare(a, b) {
  return a < b ? -1 : Number(a > b);
}
