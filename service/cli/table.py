"""Answers as tables and marked sentences, for people to read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from model.results import DocumentResult, EntityResult, SentenceResult, Stance
from model.scheme import STANCES, LabelScheme

_FILE_WIDTH = 120
_STANCE_STYLES = ("green", "magenta", "cyan", "yellow", "blue", "red")
_ENTITY_STYLE = "bold underline"
# Control characters of a text could steer the terminal; each becomes one visible character, so offsets still hold.
_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
_HARMLESS = dict.fromkeys(_CONTROLS, "\N{REPLACEMENT CHARACTER}") | dict.fromkeys(map(ord, "\t\n\r"), " ")


def write(results: Iterator[DocumentResult], scheme: LabelScheme, output: Path | None) -> None:
    """Write the answers as they come to the terminal, or as plain text to a file; without any, write nothing."""
    first = next(results, None)
    if first is None:
        return
    results = chain([first], results)
    if output is None:
        tolerate_encoding()
        _Printer(Console(highlight=False, emoji=False, markup=False), scheme).documents(results)
        return
    with output.open("w", encoding="utf-8") as file:
        console = Console(file=file, width=_FILE_WIDTH, color_system=None, highlight=False, emoji=False, markup=False)
        _Printer(console, scheme).documents(results)


class _Printer:
    def __init__(self, console: Console, scheme: LabelScheme) -> None:
        self.console = console
        self.labels = scheme.names
        self.styles = {label: _STANCE_STYLES[i % len(_STANCE_STYLES)] for i, label in enumerate(self.labels)}
        self.entity = "Entity" if scheme.gazetteer or not scheme.countries else "Country"
        self.label = "stance" if self.labels == STANCES.names else "label"

    def documents(self, results: Iterator[DocumentResult]) -> None:
        first, second = next(results), next(results, None)
        if second is None:
            self._document(first)
            return
        for index, result in enumerate(chain([first, second], results)):
            self.console.print(Text(("\n" if index else "") + harmless(result.id or ""), style="bold"), soft_wrap=True)
            self._document(result)

    def _document(self, result: DocumentResult) -> None:
        if not any(sentence.entities for sentence in result.sentences):
            self.console.print(f"No {self.entity.lower()} is mentioned.")
            return
        self.console.print(self._summary(result))
        if result.relations:
            self.console.print(self._relations(result))
        for index, sentence in enumerate(result.sentences):
            self._sentence(index, sentence)

    def _summary(self, result: DocumentResult) -> Table:
        table = Table(
            self.entity,
            *self.labels,
            box=box.SIMPLE_HEAD,
            title=f"Sentences with a {self.label}",
            title_justify="left",
        )
        for column in table.columns[1:]:
            column.justify = "right"
        for row in result.summary:
            counts = (Text(str(row.stances.get(label) or "·"), style=self.styles[label]) for label in self.labels)
            table.add_row(Text(f"{harmless(row.name)} ({harmless(row.code)})"), *counts)
        return table

    def _relations(self, result: DocumentResult) -> Table:
        names = {row.code: row.name for row in result.summary} | {
            entity.entity.code: entity.entity.name for sentence in result.sentences for entity in sentence.entities
        }
        table = Table("Who", self.label, "toward", "score", "sentences", box=box.SIMPLE_HEAD)
        table.title, table.title_justify = "Who toward whom", "left"
        for relation in result.relations:
            table.add_row(
                Text(harmless(names.get(relation.source, relation.source))),
                Text(relation.stance, style=self.styles.get(relation.stance, "")),
                Text(harmless(names.get(relation.target, relation.target))),
                f"{relation.score:.2f}",
                ", ".join(str(index + 1) for index in relation.sentences),
            )
        return table

    def _sentence(self, index: int, sentence: SentenceResult) -> None:
        text = Text(harmless(sentence.text), style="" if sentence.entities else "dim")
        for result in sentence.entities:
            for mention in result.entity.mentions:
                text.stylize(_ENTITY_STYLE, mention.start - sentence.start, mention.end - sentence.start)
        self.console.print(Text(f"{index + 1}. ", style="dim"), text, sep="", soft_wrap=True)
        for result in sentence.entities:
            self.console.print(self._entity(result), soft_wrap=True)

    def _entity(self, result: EntityResult) -> Text:
        entity = result.entity
        mentions = ", ".join(dict.fromkeys(mention.text for mention in entity.mentions))
        line = Text(f"   {harmless(entity.code)} ({harmless(mentions)}): ")
        if not result.stances:
            return line.append("none", style="dim")
        for index, stance in enumerate(result.stances):
            line.append("; " if index else "").append_text(self._stance(stance))
        return line

    def _stance(self, stance: Stance) -> Text:
        text = Text(f"{stance.stance} {stance.score:.2f}", style=self.styles.get(stance.stance, ""))
        if stance.toward:
            targets = ", ".join(f"{harmless(target.code)} {target.score:.2f}" for target in stance.toward)
            text.append(f" → {targets}")
        return text


def tolerate_encoding() -> None:
    """Let a terminal that does not speak UTF-8 show what it can."""
    if (sys.stdout.encoding or "").lower().replace("-", "") != "utf8" and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")


def harmless(text: str) -> str:
    """Return a text that cannot steer the terminal, with all its characters in their places."""
    return text.translate(_HARMLESS)
