"""The swap test, the whole evaluation and its report, on a small classifier made of rules."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.annotation import AnnotatedEntity, AnnotatedSentence
from model.classifier import ModelInfo, StanceClassifier
from model.countries.finder import CountryFinder
from model.documents import Document, Entity, Kind, Mention, Source, Span
from model.encoding import EncodableSentence, mask
from model.errors import CorpusError
from model.results import DocumentResult, EntityResult, SentenceResult, Stance, Target
from model.scheme import STANCES, LabelScheme
from model.scoring import SentenceScores
from model.sentences import Sentence
from training.evaluation.predictions import predict_end_to_end, predict_given
from training.evaluation.records import locate_annotated
from training.evaluation.rendering import (
    escape_markdown,
    format_share,
    render_html,
    render_markdown,
    write_report,
)
from training.evaluation.report import Report
from training.evaluation.run import Options, evaluate, evaluate_classifier
from training.evaluation.swap import swap_consistency
from training.evaluation.swapping import BLOCS, country_forms, draw_codes, swap

VERBS = {"support": "backed", "deterrence": "deterred", "denial": "contradicted", "warning": "warned"}


def known_words() -> dict[str, tuple[str, Source]]:
    """Return every word of the swap table with its code and kind."""
    words: dict[str, tuple[str, Source]] = {name: (code, Source.BLOC) for code, name in BLOCS.items()}
    for code, forms in country_forms().items():
        for word, source in (
            (forms.person, Source.OFFICE_HOLDER),
            (forms.body, Source.BODY),
            (forms.seat, Source.SEAT),
            (forms.capital, Source.CAPITAL),
            (forms.people, Source.ADJECTIVE),
            (forms.adjective, Source.ADJECTIVE),
            (forms.name, Source.NAME),
        ):
            if word:
                words[word] = (code, source)
    return words


@dataclass
class RuleClassifier:
    """Finds the swap table's words; the entity right before a verb takes its stance toward the next entity.

    Attributes:
        unknown: Words that it fails to find.
        prejudice: A word that makes it deny whatever the text says, even with the mentions given.
    """

    unknown: frozenset[str] = frozenset()
    prejudice: str | None = None
    info: ModelInfo = field(default_factory=lambda: ModelInfo("rules <b>&", "1|2", "0" * 64))
    scheme: LabelScheme = STANCES

    def classify_documents(self, documents: Sequence[Document]) -> list[DocumentResult]:
        return [self._classify(document) for document in documents]

    def _classify(self, document: Document) -> DocumentResult:
        words = {word: found for word, found in known_words().items() if word not in self.unknown}
        pattern = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
        mentions: dict[str, list[Mention]] = {}
        for match in re.finditer(rf"\b(?:{pattern})\b", document.text):
            code, source = words[match.group()]
            mentions.setdefault(code, []).append(Mention(code, match.group(), *match.span(), source))
        codes = list(mentions)
        sentence = EncodableSentence(
            document.text, tuple(tuple(Span(m.start, m.end) for m in found) for found in mentions.values())
        )
        scores = self.score([sentence])[0]
        entities = tuple(
            EntityResult(
                Entity(code, None, code, Kind.BLOC if code in BLOCS else Kind.COUNTRY, tuple(mentions[code])),
                tuple(Stance(s, 0.9, tuple(Target(codes[t], 0.9) for t in targets)) for s, targets in taken.items()),
                dict(zip(STANCES.names, map(float, row), strict=True)),
            )
            for code, taken, row in zip(codes, self.decide(scores), scores.labels, strict=True)
        )
        return DocumentResult(document.id, (SentenceResult(document.text, 0, len(document.text), entities),), (), ())

    def score(self, sentences: Sequence[EncodableSentence]) -> list[SentenceScores]:
        return [self._score(sentence) for sentence in sentences]

    def _score(self, sentence: EncodableSentence) -> SentenceScores:
        masked, order = mask(sentence)
        count = len(sentence.entities)
        labels, toward = np.full((count, 4), 0.1, np.float32), np.zeros((count, count, 4), np.float32)
        place = -1
        for piece in re.findall(r"\[ENTITY_\d+\]|\w+", masked):
            if piece.startswith("["):
                place += 1
            for index, verb in enumerate(VERBS.values()):
                if piece == verb and place >= 0:
                    labels[order[place], index] = 0.9
                    if place + 1 < len(order):
                        toward[order[place], order[place + 1], index] = 0.9
        if self.prejudice and self.prejudice in sentence.text:
            labels[0, 2] = 0.95
        return SentenceScores(labels, toward)

    def decide(self, scores: SentenceScores) -> list[dict[str, list[int]]]:
        return [
            {
                label: [int(t) for t in np.flatnonzero(toward[:, i] > 0.5)]
                for i, label in enumerate(STANCES.names)
                if row[i] > 0.5
            }
            for row, toward in zip(scores.labels, scores.toward, strict=True)
        ]


TEXTS = [
    ("a-1", "MOSCOW backed the Germans when the Kremlin spoke, and NATO warned Peru."),
    ("a-2", "Peruvian envoys met Angela Merkel in Paris; the Knesset was silent."),
    ("a-3", "It rained all day."),
    ("a-4", "Kenya contradicted Norway."),
]


def record(name: str, text: str, *entities: tuple[str, str, dict[str, list[str]]]) -> dict[str, Any]:
    return {
        "id": name,
        "text": text,
        "entities": [{"code": code, "mentions": [form], "stances": stances} for code, form, stances in entities],
    }


RECORDS = [
    record("one-1", "Kenya backed Norway.", ("KE", "Kenya", {"support": ["NO"]}), ("NO", "Norway", {})),
    record(
        "one-2",
        "Peru warned <script>alert(1)</script> & Japan|Spain.",
        ("PE", "Peru", {"warning": ["JP"]}),
        ("JP", "Japan", {}),
        ("ES", "Spain", {}),
    ),
    record("two-1", "Peru threatened Kenya yesterday.", ("PE", "Peru", {"warning": ["KE"]}), ("KE", "Kenya", {})),
    record("two-2", "Chile contradicted Kenya.", ("CL", "Chile", {"denial": ["KE"]}), ("KE", "Kenya", {})),
    record("two-3", "It rained."),
]
TRAINING = [
    record(
        f"t-{number}-{label}", f"Egypt {verb} Greece {when}.", ("EG", "Egypt", {label: ["GR"]}), ("GR", "Greece", {})
    )
    for number, when in enumerate(["again", "today", "at noon"])
    for label, verb in VERBS.items()
] + [RECORDS[0] | {"id": "seen"}]


def write(path: Path, records: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("data")
    return write(folder / "data.jsonl", RECORDS), write(folder / "training.jsonl", TRAINING)


def run(paths: tuple[Path, Path], **options: Any) -> Report:
    return evaluate_classifier(
        RuleClassifier(),
        [paths[0]],
        options=Options(
            train_paths=[paths[1]],
            command="entity-stance evaluate <model> 'data'",
            resamples=50,
            swap_draws=2,
            **options,
        ),
    )


@pytest.fixture(scope="module")
def report(paths: tuple[Path, Path]) -> Report:
    return run(paths)


def test_swapped_mentions_keep_their_form() -> None:
    classifier = RuleClassifier(unknown=frozenset({"MOSCOW"}))
    text = "The Kremlin and Russia met Angela Merkel; Germans and a German saw Berlin, the Bundestag and NATO."
    document = classifier.classify_documents([Document(text)])[0]
    swapped = swap(text, document, {"RU": "US", "DE": "FR", "NATO": "EU"})
    assert swapped.text == (
        "The White House and United States met Jacques Chirac; French and a French saw Paris, the Quai d'Orsay and "
        "European Union."
    )
    new, old = swapped.sentences[0], swapped.originals[0]
    assert mask(new) == mask(old)
    assert [new.text[s.start : s.end] for s in new.entities[0]] == ["White House", "United States"]


def test_shouted_mentions_stay_shouted_but_abbreviations_say_nothing() -> None:
    mentions = (Mention("RU", "MOSCOW", 0, 6, Source.CAPITAL), Mention("US", "US", 10, 12, Source.NAME))
    entities = tuple(EntityResult(Entity(m.code, None, m.code, Kind.COUNTRY, (m,)), (), {}) for m in mentions)
    text = "MOSCOW, a US partner"
    document = DocumentResult(None, (SentenceResult(text, 0, len(text), entities),), (), ())
    assert swap(text, document, {"RU": "PE", "US": "JP"}).text == "LIMA, a Japan partner"


def test_missing_forms_fall_back_to_the_capital() -> None:
    assert country_forms()["PE"].like(Mention("IL", "Knesset", 0, 7, Source.BODY)) == "Lima"


def test_drawn_codes_are_new_distinct_and_of_the_same_kind() -> None:
    document = RuleClassifier().classify_documents([Document(TEXTS[0][1])])[0]
    for seed in range(20):
        codes = draw_codes(document, np.random.default_rng(seed))
        assert codes is not None
        assert list(codes) == ["DE", "RU", "PE", "NATO"]
        assert len(set(codes.values()) | set(codes)) == 8
        assert [code for code, new in codes.items() if new in BLOCS] == ["NATO"]


def test_too_many_countries_are_not_swapped() -> None:
    text = ", ".join(forms.name for forms in country_forms().values())
    document = RuleClassifier().classify_documents([Document(text)])[0]
    assert draw_codes(document, np.random.default_rng(0)) is None


def test_a_blind_classifier_is_consistent() -> None:
    classifier = RuleClassifier()
    result = swap_consistency(classifier, predict_end_to_end(classifier, TEXTS), draws=5)
    assert (result.records, result.swapped) == (3, 15)
    assert (result.end_to_end, result.finder, result.network, result.score_difference) == (1, 1, 1, 0)
    assert not result.failures
    assert not result.network_failures


def test_words_that_the_finder_misses_are_failures_of_the_finder_alone() -> None:
    unknown = frozenset(forms.name for code, forms in country_forms().items() if code not in ("KE", "NO"))
    classifier = RuleClassifier(unknown=unknown)
    result = swap_consistency(classifier, predict_end_to_end(classifier, TEXTS[3:]), draws=4)
    assert (result.end_to_end, result.finder, result.network) == (0, 0, 1)
    assert len(result.failures) == 4
    failure = result.failures[0]
    assert (failure.id, failure.kind, failure.spurious) == ("a-4", "finder", [])
    assert failure.missed == sorted(failure.codes.values())
    assert failure.expected == {failure.codes["KE"]: {"denial": [failure.codes["NO"]]}}
    assert failure.answered == {}


def test_a_prejudiced_network_is_found_out() -> None:
    classifier = RuleClassifier(prejudice="Norway")
    result = swap_consistency(classifier, predict_end_to_end(classifier, [("n", "Norway warned Kenya.")]), texts=False)
    assert (result.end_to_end, result.finder, result.network) == (0, 1, 0)
    assert result.score_difference == pytest.approx(0.85)
    assert result.network_failures == ("n", "n", "n")
    assert {(failure.kind, failure.text) for failure in result.failures} == {("stances", None)}


def test_the_finder_knows_the_words_of_the_swap_table() -> None:
    finder = CountryFinder()
    missed = []
    for word, (code, _) in known_words().items():
        text = f"Officials of {word} said so."
        found = finder.find(text, [Sentence(text, 0, len(text))])
        if [(mention.code, mention.text) for mention in found] != [(code, word)]:
            missed.append((word, code, found))
    assert missed == []


def test_gold_entities_and_end_to_end(report: Report) -> None:
    gold, found = report.gold_entities.model, report.end_to_end.model
    assert gold.found_entities is None
    assert (gold.labels["denial"].f1.value, found.labels["denial"].f1.value) == (1, 0)
    assert gold.labels["warning"].recall.value == 0.5
    assert found.found_entities is not None
    assert found.found_entities.gold == 9
    assert found.found_entities.recall.value == pytest.approx(8 / 9)
    assert [(one.id, one.missed) for one in report.wrong_entities] == [("two-2", ["CL"])]
    assert [one.id for one in report.gold_entities.worst] == ["two-1"]
    assert report.swap.network == report.swap.end_to_end == 1


def test_baselines_are_measured_in_both_settings(report: Report) -> None:
    names = ["always none", "cue words", "TF-IDF + logistic regression"]
    assert list(report.end_to_end.baselines) == list(report.gold_entities.baselines) == names
    assert report.end_to_end.baselines["always none"].micro.f1.value == 0
    assert (report.gold_entities.baselines["cue words"].labels["warning"].f1.value or 0) > 0
    assert report.baseline_data is not None
    assert (report.baseline_data.sentences, report.baseline_data.left_out) == (12, 1)


def test_header_names_the_data(report: Report, paths: tuple[Path, Path]) -> None:
    assert report.data.stances == {"support": 1, "deterrence": 0, "denial": 1, "warning": 2}
    assert (report.data.sentences, report.data.entities, report.data.directed) == (5, 9, 4)
    (file,) = report.data.files
    assert (file.path, file.records, len(file.sha256)) == (str(paths[0]), 5, 64)


def test_same_seed_same_figures(paths: tuple[Path, Path], report: Report) -> None:
    again = run(paths)
    assert replace(again, run=report.run) == report


def test_given_entities_of_an_empty_sentence() -> None:
    assert predict_given(RuleClassifier(), []) == []


class Links(HTMLParser):
    """Collects what a page would load or link to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "srcset", "action", "data"):
                self.targets.append(value or "")
            if name == "id":
                assert value not in self.anchors
                self.anchors.add(value or "")


def test_files_are_written(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path / "new" / "folder")
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == [
        "report.html",
        "report.json",
        "report.md",
        "tables",
    ]
    data = json.loads((tmp_path / "new" / "folder" / "report.json").read_text(encoding="utf-8"))
    assert (data["schema"], data["schema_version"]) == ("entity-stance/evaluation-report", 1)
    assert data["end_to_end"]["model"]["labels"]["deterrence"]["precision"]["value"] is None
    assert data["gold_entities"]["confusion"] == report.gold_entities.confusion


def test_html_is_self_contained_and_escaped(report: Report) -> None:
    html = render_html(report)
    page = Links()
    page.feed(html)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert page.tags.count("img") == 8
    assert not re.search(r"https?://|@import|url\(", html)
    pictures = [target for target in page.targets if not target.startswith("#")]
    assert all(target.startswith("data:image/png;base64,iVBOR") for target in pictures)
    assert {target[1:] for target in page.targets if target.startswith("#")} <= page.anchors
    assert "rules &lt;b&gt;&amp;" in html
    assert "evaluate &lt;model&gt;" in html
    assert "Peru threatened Kenya yesterday." in html


def test_markdown_tables_are_whole(report: Report) -> None:
    text = render_markdown(report)
    widths = None
    for line in text.splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else None
        if cells is not None and widths is not None:
            assert cells == widths, line
        widths = cells
    assert r"rules \<b\>\&" in text
    assert "| **macro** |" in text
    assert "None" not in text


def test_hostile_texts_are_escaped(paths: tuple[Path, Path]) -> None:
    report = run(paths)
    hostile = replace(report.gold_entities.worst[0], text="<script>alert(1)</script> | `x`\n\n# y")
    report = replace(report, gold_entities=replace(report.gold_entities, worst=(hostile,)))
    html = render_html(report)
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; | `x`" in html
    assert r"\<script\>alert(1)\</script\> \| \`x\` \# y |" in render_markdown(report)


def test_texts_can_be_left_out(paths: tuple[Path, Path], tmp_path: Path) -> None:
    write_report(run(paths, texts=False), tmp_path)
    for path in (file for file in tmp_path.rglob("*") if file.is_file()):
        content = path.read_text(encoding="utf-8")
        assert "threatened" not in content
        assert "contradicted" not in content
        if path.stem == "report":
            assert "two-1" in content


def test_faulty_data_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"id": "x"}\n', encoding="utf-8")
    with pytest.raises(CorpusError, match=r"data\.jsonl:1"):
        evaluate_classifier(RuleClassifier(), [path])


@pytest.mark.parametrize(
    ("share", "text"), [(1.0, "100%"), (0.99999, "99.9%"), (0.5, "50.0%"), (0.0, "0.0%"), (None, "–")]
)
def test_shares_say_100_only_if_nothing_is_missing(share: float | None, text: str) -> None:
    assert format_share(share) == text


def test_markdown_escaping() -> None:
    assert escape_markdown("a|b *c*\n[d](e) <f>") == r"a\|b \*c\* \[d\](e) \<f\>"


def test_annotated_mentions_are_given() -> None:
    chile = AnnotatedSentence(
        "x",
        "Chile warned Kenya.",
        (AnnotatedEntity("CL", ("Chile",), {}), AnnotatedEntity("KE", ("Kenya",), {})),
    )
    (prediction,) = predict_given(RuleClassifier(), [locate_annotated(chile)])
    assert prediction.labels == {"CL": {"warning": frozenset({"KE"})}, "KE": {}}
    assert prediction.scores["CL"] == pytest.approx([0.1, 0.1, 0.1, 0.9])


@pytest.fixture(scope="module")
def embedded() -> StanceClassifier:
    return StanceClassifier.from_pretrained(threads=1)


def test_the_embedded_network_cannot_tell_countries_apart(embedded: StanceClassifier) -> None:
    texts = [
        ("e-1", "Russia denied on Tuesday that it had shelled the port, and warned Germany against sending ships."),
        ("e-2", "The White House will stand by Japan and Australia, said Condoleezza Rice in Canberra."),
        (
            "e-3",
            "NATO and the European Union praised Kenya. Its neighbour Ethiopia would respond if Cairo sent men.",
        ),
        ("e-4", "BERLIN: Israeli and Turkish envoys rejected a plan of the Quai d'Orsay, while Peruvians looked on."),
    ]
    result = swap_consistency(embedded, predict_end_to_end(embedded, texts), draws=5)
    assert (result.records, result.swapped) == (4, 20)
    assert result.network == 1
    assert result.score_difference == 0
    assert result.end_to_end == 1, result.failures


def test_the_embedded_model_is_evaluated_and_reported(paths: tuple[Path, Path], tmp_path: Path) -> None:
    report = evaluate(None, [paths[0]], tmp_path, options=Options(train_paths=[paths[1]], resamples=20, swap_draws=1))
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["model"] == {
        "name": report.model.name,
        "version": report.model.version,
        "sha256": report.model.sha256,
    }
    network = files("model") / "default" / "model.onnx"
    assert report.model.sha256 == hashlib.sha256(network.read_bytes()).hexdigest()
    assert report.gold_entities.reliability.count == 4 * 9
    assert report.swap.network == 1
