/**
 * The shapes that the modules share: what the service answers, and what the page makes of it.
 *
 * @typedef {{text: string, start: number, end: number, source: string}} Mention  Offsets count code points.
 * @typedef {{code: string, score: number}} Target
 * @typedef {{stance: string, score: number, toward: Target[], tentative?: boolean}} Stance
 *   Tentative: below the model's own threshold and shown because the reader asked for it; has no targets.
 * @typedef {{code: string, alpha3: string|null, name: string, kind: string, type?: string, mentions: Mention[],
 *   stances: Stance[], scores: Record<string, number>}} Entity
 * @typedef {{text: string, start: number, end: number, entities: Entity[]}} Sentence
 * @typedef {{name: string, version: string, sha256: string}} Model
 * @typedef {{field: string, reason: string, limit?: number}} Fault
 * @typedef {{name: string, description: string, threshold: number|null, toward_threshold: number|null}} Label
 *   Without a threshold where labels exclude each other.
 * @typedef {{scheme: string, description: string, labels: Label[], multi_label: boolean, none: boolean,
 *   directed: boolean, countries: boolean, types: string[]}} Scheme
 * @typedef {Scheme & {version: string, model: Model,
 *   limits: {max_text_characters: number, max_documents: number, max_body_bytes: number}}} Info
 * @typedef {{id: string|null, text: string, date: string|null, entities?: unknown[]}} SourceDocument
 * @typedef {{document: SourceDocument, model: Model|null, sentences: Sentence[], fault: string|null}} Reading
 *   A document with its answer; without sentences and with a fault when it could not be read.
 * @typedef {{codes: Set<string>, stances: Set<string>, target: string|null, min: number|null}} View
 *   What is shown: holders, stances and a target (empty for all), and a probability instead of the model's thresholds.
 * @typedef {{code: string, mentions: string[], stances: Record<string, string[]>}} Annotation
 * @typedef {{reading: number, sentence: number}} Place
 * @typedef {{source: string, stance: string, target: string, places: Place[], score: number}} Relation
 * @typedef {{code: string, name: string, sentences: number, counts: Record<string, number>, total: number}} Row
 */
export {};
