"""``entity-stance explain``."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.classify import load_model, read_day
from service.cli.exits import USAGE, stop
from service.cli.inputs import InputFault, read_text
from service.cli.options import ModelOption

if TYPE_CHECKING:
    from model.classifier import StanceClassifier
    from model.documents import Document
    from model.explanation import Explanation

WORDS_LISTED = 10


class Format(StrEnum):
    """How to write the explanation."""

    TEXT = "text"
    JSON = "json"


def explain(
    file: Annotated[str, typer.Argument(metavar="FILE", help="UTF-8 text file; - is standard input.")],
    code: Annotated[str, typer.Option(metavar="CODE", help="Who takes the stance, for instance RU.")],
    stance: Annotated[str, typer.Option(metavar="STANCE", help="support, deterrence, denial, warning, or your own.")],
    sentence: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Index of the sentence, from 0 as in JSON. [default: where the stance is most probable]",
        ),
    ] = None,
    format: Annotated[
        Format, typer.Option("--format", "-f", help="text: to read; json: the answer of POST /explain.")
    ] = Format.TEXT,
    model: ModelOption = None,
    written: Annotated[
        str | None,
        typer.Option("--date", metavar="YYYY-MM-DD", help="Day of writing; picks the office-holders of that day."),
    ] = None,
) -> None:
    """Show which words a country's stance hangs on.

    Each word of the sentence but the mentions of countries is hidden in turn; its effect is by how much the probability
    of the stance falls. Words that speak for the stance have a positive effect, words that speak against it a negative
    one. Works for stances that are not taken, too.

    \b
    Examples:
      entity-stance explain article.txt --code RU --stance denial
      echo "Norway denied that it had misled Iceland." | entity-stance explain - --code NO --stance denial --format json
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    day = read_day(written)
    try:
        text = read_text(file)
    except InputFault as fault:
        stop(str(fault), fault.code)
    classifier = load_model(model)
    from model.documents import Document  # noqa: PLC0415
    from model.errors import DocumentError  # noqa: PLC0415

    document = Document(text, date=day)
    try:
        index = _most_probable(classifier, document, code, stance) if sentence is None else sentence
        explanation = classifier.explain(document, sentence=index, code=code, stance=stance)
    except DocumentError as error:
        stop(str(error) if error.field == "text" else f"--{error}", USAGE)
    if format is Format.JSON:
        _write_json(classifier, explanation)
    else:
        _print(explanation, text)


def _most_probable(classifier: StanceClassifier, document: Document, code: str, stance: str) -> int:
    """Return the index of the sentence in which a stance is most probable.

    Raises:
        DocumentError: no sentence mentions the entity, or the text cannot be read.
    """
    from model.documents import check_document  # noqa: PLC0415
    from model.errors import DocumentError  # noqa: PLC0415

    check_document(document)
    scores = {
        index: entity.scores.get(stance, 0.0)
        for index, sentence in enumerate(classifier.classify(document).sentences)
        for entity in sentence.entities
        if entity.entity.code == code
    }
    if not scores:
        raise DocumentError("code", f"{code!r} is not mentioned in the text")
    return max(scores, key=lambda index: scores[index])


def _write_json(classifier: StanceClassifier, explanation: Explanation) -> None:
    from dataclasses import asdict  # noqa: PLC0415

    import orjson  # noqa: PLC0415

    answer = {"model": asdict(classifier.info), **explanation.to_dict()}
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    typer.get_binary_stream("stdout").write(orjson.dumps(answer, option=options))


def _print(explanation: Explanation, text: str) -> None:
    """Print the sentence with its words marked, then the words with the largest effects."""
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from model.sentences import split_sentences  # noqa: PLC0415
    from service.cli.table import harmless, tolerate_encoding  # noqa: PLC0415

    tolerate_encoding()
    console = Console(highlight=False, emoji=False, markup=False)
    words = explanation.words
    largest = max((abs(word.effect) for word in words), default=0.0)
    sentence = split_sentences(text)[explanation.sentence]
    marked = Text(harmless(sentence.text))
    for word in words:
        marked.stylize(_style(word.effect, largest), word.start - sentence.start, word.end - sentence.start)
    console.print(f"{explanation.code} {explanation.stance} {explanation.score:.2f}, sentence {explanation.sentence}")
    console.print(marked, soft_wrap=True)
    for word in sorted(words, key=lambda word: -abs(word.effect))[:WORDS_LISTED]:
        if round(word.effect, 2):
            console.print(Text(f"{word.effect:+.2f}  ").append(harmless(word.text), _style(word.effect, largest)))


def _style(effect: float, largest: float) -> str:
    """Return how to mark a word: green for the stance, red against it, bold if it weighs, plain if it hardly does."""
    if abs(effect) < largest / 10 or not effect:
        return ""
    return ("bold " if abs(effect) >= largest / 2 else "") + ("green" if effect > 0 else "red")
