"""Train, dev and test splits that stay as they are when sentences are added.

The split of every sentence is kept in a file ``splits.tsv`` beside the annotated files. Sentences that it does not
name yet are assigned by one rule: near-duplicates go where their kin already is; the others fill, for each file and
each combination of labels, the split that is furthest below its share.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.annotation import AnnotatedSentence, masked_text, text_key
from model.errors import CorpusError
from model.scheme import STANCES, LabelScheme
from training.corpus import SPLITS_FILE, corpus_files, read_corpus
from training.reading.columns import Columns
from training.reading.hub import is_hub

SPLITS = {"train": 0.8, "dev": 0.1, "test": 0.1}
SHINGLE_WORDS = 3
NEAR_DUPLICATE = 0.5
"""Jaccard similarity of word trigrams, countries masked, from which two sentences count as near-duplicates."""


def read_split(
    paths: Sequence[Path], split: str, scheme: LabelScheme = STANCES, columns: Columns | None = None
) -> list[AnnotatedSentence]:
    """Read the sentences of one split from annotated files, folders of them or data sets of the hub.

    Raises:
        CorpusError: a file is faulty, or a near-duplicate pair is divided between splits.
        ValueError: the split is not one of `SPLITS`.
    """
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}; known: {', '.join(SPLITS)}")
    sentences = read_corpus(paths, scheme, columns)
    splits = _splits_of(sentences, paths)
    return [sentence for sentence in sentences if splits[sentence.id] == split]


def read_part(
    paths: Sequence[Path], split: str | None, scheme: LabelScheme = STANCES, columns: Columns | None = None
) -> list[AnnotatedSentence]:
    """Read the sentences of one split, or all of them; see `read_split` and `training.corpus.read_corpus`."""
    return read_split(paths, split, scheme, columns) if split else read_corpus(paths, scheme, columns)


def corpus_splits(
    paths: Sequence[Path], scheme: LabelScheme = STANCES, columns: Columns | None = None
) -> dict[str, str]:
    """Return the split of every sentence id, kept ones first, the others by the rule."""
    return _splits_of(read_corpus(paths, scheme, columns), paths)


def load_splits(path: Path) -> dict[str, str]:
    """Read kept splits, one ``id<TAB>split`` a line; a missing file keeps none.

    Raises:
        CorpusError: a line is malformed.
    """
    if not path.exists():
        return {}
    kept: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        key, tab, split = line.partition("\t")
        if not tab or split not in SPLITS:
            raise CorpusError(f"{path}:{number}: expected an id, a tab and one of {', '.join(SPLITS)}")
        kept[key] = split
    return kept


def save_splits(path: Path, splits: Mapping[str, str]) -> None:
    """Write splits in the order of the mapping."""
    path.write_text("".join(f"{key}\t{split}\n" for key, split in splits.items()), encoding="utf-8")


def assign_splits(sentences: Sequence[tuple[str, AnnotatedSentence]], kept: Mapping[str, str]) -> dict[str, str]:
    """Assign a split to every sentence.

    Args:
        sentences: Pairs of file name and sentence, in file order.
        kept: Splits that stand already; they are never changed.

    Returns:
        The split of each sentence id, in the order given.

    Raises:
        CorpusError: a sentence that is not kept is a near-duplicate of sentences in different splits.
    """
    filled: dict[tuple[str, frozenset[str]], Counter[str]] = defaultdict(Counter)
    splits: dict[str, str] = {}
    for file, sentence in sentences:
        if sentence.id in kept:
            splits[sentence.id] = kept[sentence.id]
            filled[_stratum(file, sentence)][kept[sentence.id]] += 1
    for group in near_duplicate_groups([sentence for _, sentence in sentences]):
        present = {splits[sentences[index][1].id] for index in group if sentences[index][1].id in splits}
        new = [index for index in group if sentences[index][1].id not in splits]
        if len(present) > 1 and new:
            ids = ", ".join(sentences[index][1].id for index in group)
            raise CorpusError(f"near-duplicates stand in different splits ({', '.join(sorted(present))}): {ids}")
        for index in new:
            file, sentence = sentences[index]
            counts = filled[_stratum(file, sentence)]
            split = present.pop() if present else _furthest_below_share(counts)
            present = {split}
            splits[sentence.id] = split
            counts[split] += 1
    return {sentence.id: splits[sentence.id] for _, sentence in sentences}


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """Two sentences that are alike; their indices, the later one second.

    Attributes:
        first: Index of the one.
        second: Index of the other.
        similarity: Jaccard similarity of their word trigrams, countries masked.
        same_text: Whether their words are the same, countries and all.
    """

    first: int
    second: int
    similarity: float
    same_text: bool


def near_duplicates(sentences: Sequence[AnnotatedSentence]) -> Iterator[NearDuplicate]:
    """Yield all pairs of sentences of the same text or with the similarity `NEAR_DUPLICATE`."""
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    texts: dict[str, list[int]] = defaultdict(list)
    shingles = [_shingles(sentence) for sentence in sentences]
    for index, own in enumerate(shingles):
        shared = Counter(other for shingle in own for other in places[shingle])
        # Pair rows of one text, each with other entities masked, may share few trigrams.
        same = texts[text_key(sentences[index].text)]
        for other in sorted(shared.keys() | set(same)):
            similarity = shared[other] / (len(own) + len(shingles[other]) - shared[other])
            if similarity >= NEAR_DUPLICATE or other in same:
                yield NearDuplicate(other, index, similarity, other in same)
        same.append(index)
        for shingle in own:
            places[shingle].append(index)


def near_duplicate_groups(sentences: Sequence[AnnotatedSentence]) -> list[list[int]]:
    """Group sentences of the same text or linked by near-duplication; groups and members in the order given."""
    return linked(near_duplicates(sentences), len(sentences))


def linked(pairs: Iterable[NearDuplicate], count: int) -> list[list[int]]:
    """Group the indices from 0 to ``count`` that pairs link; groups and members in order."""
    parent = list(range(count))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for pair in pairs:
        first, second = sorted((root(pair.first), root(pair.second)))
        parent[second] = first
    groups: dict[int, list[int]] = defaultdict(list)
    for index in range(count):
        groups[root(index)].append(index)
    return list(groups.values())


def _splits_of(sentences: Sequence[AnnotatedSentence], paths: Sequence[Path]) -> dict[str, str]:
    return assign_splits([(sentence.file, sentence) for sentence in sentences], kept_splits(paths))


def kept_splits(paths: Sequence[Path]) -> dict[str, str]:
    """Read the splits that are kept beside annotated files.

    Raises:
        CorpusError: a path does not exist, or a line is malformed.
    """
    kept: dict[str, str] = {}
    for folder in sorted({file.parent for file in corpus_files(paths) if not is_hub(file)}):
        kept |= load_splits(folder / SPLITS_FILE)
    return kept


def _stratum(file: str, sentence: AnnotatedSentence) -> tuple[str, frozenset[str]]:
    return file, frozenset(stance for entity in sentence.entities for stance in entity.stances)


def _furthest_below_share(counts: Counter[str]) -> str:
    total = counts.total() + 1
    return max(SPLITS, key=lambda split: SPLITS[split] * total - counts[split])


def _shingles(sentence: AnnotatedSentence) -> set[tuple[str, ...]]:
    """Return the word trigrams of a sentence whose countries are masked."""
    words = re.findall(r"\w+|@", masked_text(sentence).casefold())
    if len(words) < SHINGLE_WORDS:
        return {tuple(words)}
    return {tuple(words[i : i + SHINGLE_WORDS]) for i in range(len(words) - SHINGLE_WORDS + 1)}
