"""The report on annotated data, leakage, and what training refuses to learn."""

from __future__ import annotations

import json
import logging
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from model.annotation import AnnotatedEntity, AnnotatedSentence
from model.errors import CorpusError
from model.scheme import STANCES, Label, LabelScheme
from service.cli.main import app
from training.corpus import SPLITS_FILE, read_corpus
from training.datareport.measure import contradictions
from training.datareport.report import DataReport, data_report, write_data_report
from training.datareport.suspicious import suspicious_labels
from training.interchange.formats import write_seeds
from training.leakage import find_leaks, keep_apart
from training.pipeline import train
from training.splits import near_duplicate_groups
from training.training_run import TrainingRun

RELATIONS = LabelScheme("relations", (Label("aids"), Label("denies"), Label("visits")), multi_label=False)
VERBS = {"support": ["backed", "praised"], "denial": ["denied", "rejected"], "": ["met", "passed"]}
WORDS = [f"{one}{two}" for one in ("ka", "lo", "mi", "su", "te", "vo") for two in ("ren", "dal", "pek", "tor", "nim")]


def sentence(key: str, text: str, stance: str = "", second: str = "Chile") -> AnnotatedSentence:
    codes = {"Chile": "CL", "Peru": "PE"}
    stances: dict[str, tuple[str, ...]] = {stance: (codes[second],)} if stance else {}
    return AnnotatedSentence(
        key, text, (AnnotatedEntity("NO", ("Norway",), stances), AnnotatedEntity(codes[second], (second,), {}))
    )


def corpus(count: int) -> list[AnnotatedSentence]:
    """Compose sentences whose verb tells the stance, among words that tell nothing."""
    rng = random.Random(5)
    made = []
    for index in range(count):
        stance = list(VERBS)[index % 3]
        verb, words = rng.choice(VERBS[stance]), rng.sample(WORDS, 10)
        made.append(
            sentence(f"c-{index:03}", f"{' '.join(words[:5])} Norway {verb} Chile {' '.join(words[5:])}.", stance)
        )
    return made


def relabelled(one: AnnotatedSentence, stance: str) -> AnnotatedSentence:
    return sentence(one.id, one.text, stance)


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder of 301 sentences with 2 wrong labels and kept splits that leak, and a test file that it leaks into."""
    folder = tmp_path_factory.mktemp("spoilt")
    sentences = corpus(300)
    sentences[0] = relabelled(sentences[0], "denial")
    sentences[4] = relabelled(sentences[4], "")
    twin = sentence("twin", sentences[9].text.replace("Chile", "Peru"), "denial", "Peru")
    write_seeds([*sentences, twin], folder / "mine.jsonl")
    (folder / SPLITS_FILE).write_text("c-009\ttrain\nc-012\ttrain\ntwin\ttest\n")
    held_out = folder.parent / f"{folder.name}-test.jsonl"
    write_seeds(
        [replace(sentences[12], id="h-1"), sentence("h-2", "Norway denied it, Chile said. " * 80, "denial")], held_out
    )
    return folder, held_out


@pytest.fixture(scope="module")
def report(spoilt: tuple[Path, Path]) -> DataReport:
    return data_report([spoilt[0]], [spoilt[1]])


def test_parts_are_counted(report: DataReport, spoilt: tuple[Path, Path]) -> None:
    assert list(report.parts) == ["train", "dev", "test", "against"]
    assert sum(part.sentences for part in report.parts.values()) == 303
    against = report.parts["against"]
    assert (against.sentences, against.entities, against.labels["denial"], against.targets) == (2, 4, 1, 2)
    assert against.combinations == {"none": 2, "support": 1, "denial": 1}
    assert (against.words.longest, against.window, against.over_window) == (400, 256, 1)
    assert [Path(file.path).name for file in report.files] == ["mine.jsonl", spoilt[1].name]
    assert [file.rows for file in report.files] == [301, 2]
    assert [(rare.label, rare.count) for rare in report.rare] == [("deterrence", 0), ("warning", 0)]


def test_leakage_is_found_same_texts_first(report: DataReport) -> None:
    assert [(leak.part, leak.id, leak.other_part, leak.other_id, leak.same_text) for leak in report.leaks] == [
        ("against", "h-1", "train", "c-012", True),
        ("test", "twin", "train", "c-009", False),
    ]
    assert str(report.leaks[1]) == "test twin is 100% like train c-009"


def test_wrong_labels_are_the_most_suspicious(report: DataReport) -> None:
    worst = {item.id for item in report.suspicious[:5]}
    assert worst == {"c-000", "c-004", "twin"}
    labels = {(item.id, item.annotated, item.expected) for item in report.suspicious[:5]}
    assert labels >= {
        ("c-000", "denial", "no denial"),
        ("c-004", "no denial", "denial"),
        ("twin", "denial", "no denial"),
    }
    assert report.suspicious[0].code == "NO"
    assert report.suspicious[0].probability <= report.suspicious[1].probability < 0.5


def test_same_words_with_other_labels_contradict(report: DataReport) -> None:
    (group,) = report.contradictions
    assert [(reading.part, reading.id, reading.labels) for reading in group.readings] == [
        ("train", "c-009", "1 support → 2"),
        ("test", "twin", "1 denial → 2"),
    ]


def test_pairs_of_one_text_do_not_contradict_unless_the_source_is_the_same() -> None:
    def pair(key: str, holder: str, target: str, label: str) -> AnnotatedSentence:
        stances: dict[str, tuple[str, ...]] = {label: (target,)}
        entities = [
            AnnotatedEntity(code, (name,), stances if code == holder else {})
            for code, name in (("NO", "Norway"), ("CL", "Chile"))
        ]
        return AnnotatedSentence(key, "Norway and Chile quarrelled.", tuple(entities), holders=(holder,))

    one, other = pair("a", "NO", "CL", "aids"), pair("b", "CL", "NO", "denies")
    assert contradictions({"train": [one, other]}, RELATIONS) == []
    again = pair("c", "NO", "CL", "visits")
    assert len(contradictions({"train": [one, other], "test": [again]}, RELATIONS)) == 1


def test_one_label_an_entity_is_judged_as_one_decision() -> None:
    names = {"support": "aids", "denial": "denies", "": "visits"}
    sentences = [
        replace(one, holders=("NO",), entities=(replace(one.entities[0], stances={name: ("CL",)}), one.entities[1]))
        for one in corpus(90)
        for name in [names[next(iter(one.entities[0].stances), "")]]
    ]
    wrong = sentences[3]
    sentences[3] = replace(wrong, entities=(replace(wrong.entities[0], stances={"visits": ("CL",)}), wrong.entities[1]))
    members = [("train", one) for one in sentences]
    found = suspicious_labels(members, near_duplicate_groups(sentences), RELATIONS, 10)
    assert (found[0].id, found[0].annotated, found[0].expected) == ("c-003", "visits", "aids")
    assert all(item.code == "NO" for item in found)


def test_too_few_sentences_arouse_no_suspicion() -> None:
    members = [("train", one) for one in corpus(9)]
    assert suspicious_labels(members, [[index] for index in range(9)], STANCES, 10) == []


def test_a_model_judges_too(tmp_path: Path) -> None:
    texts = {
        "right": ("Norway denied that it had misled Chile.", "denial"),
        "wrong": ("Norway backs Chile and promises aid.", "denial"),
    }
    write_seeds([sentence(key, text, stance) for key, (text, stance) in texts.items()], tmp_path / "mine.jsonl")
    result = CliRunner().invoke(app, ["data", str(tmp_path), "--model", "default", "--top", "1"])
    assert result.exit_code == 0, result.output
    assert "suspicious labels: 1\n" in result.output
    assert "wrong NO: " in result.output


def test_the_report_is_written_and_escaped(report: DataReport, tmp_path: Path) -> None:
    tricky = replace(report.suspicious[0], text="Norway | *denied* <b>it</b>")
    write_data_report(replace(report, suspicious=(tricky,)), tmp_path / "new")
    data: dict[str, Any] = json.loads((tmp_path / "new" / "data.json").read_text(encoding="utf-8"))
    assert data["schema"] == "entity-stance/data-report"
    assert data["parts"]["train"]["sentences"] == report.parts["train"].sentences
    page = (tmp_path / "new" / "data.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;it&lt;/b&gt;" in page
    assert page.count("<table") == page.count("</table>") == 7
    markdown = (tmp_path / "new" / "data.md").read_text(encoding="utf-8")
    assert r"Norway \| \*denied\*" in markdown
    tables = [line for line in markdown.splitlines() if line.startswith("| sentences |")]
    assert tables == [f"| sentences | {' | '.join(str(part.sentences) for part in report.parts.values())} |"]


@pytest.mark.parametrize(("options", "code"), [([], 0), (["--strict"], 1)])
def test_the_command_fails_on_leakage_if_it_is_strict(
    spoilt: tuple[Path, Path], tmp_path: Path, options: list[str], code: int
) -> None:
    arguments = ["data", str(spoilt[0]), "--against", str(spoilt[1]), "--top", "0", "--no-texts", *options]
    result = CliRunner().invoke(app, [*arguments, "--report", str(tmp_path)])
    assert result.exit_code == code, result.output
    assert "against h-1 has the text of train c-012" in result.output
    assert "1 are longer than the 256 tokens read at once" in result.output
    assert (tmp_path / "data.html").is_file()


def test_faulty_data_are_told(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    result = CliRunner().invoke(app, ["data", str(tmp_path)])
    assert result.exit_code == 2
    assert "mine.csv:1: no table and no pair rows" in result.output


def test_what_is_to_be_held_out_is_not_learned(caplog: pytest.LogCaptureFixture) -> None:
    learned = corpus(12)
    with pytest.raises(CorpusError, match=r"--test: 1 of its sentences are learned: h \(learned as c-003\)"):
        keep_apart(learned, {}, {"--test": [replace(learned[3], id="h")]})
    twin = sentence("twin", learned[3].text.replace("Chile", "Peru"), "support", "Peru")
    with caplog.at_level(logging.WARNING):
        keep_apart(learned, {"dev split": [twin]}, {})
    assert "train split and dev split are alike: dev split twin is 100% like train split c-003" in caplog.text
    assert find_leaks({"train": learned, "test": corpus(24)[12:]}) == []


def test_training_refuses_test_data_that_it_would_learn(tiny_corpus: Path, tmp_path: Path) -> None:
    test = tmp_path / "test.jsonl"
    write_seeds([replace(one, id=f"h-{one.id}") for one in read_corpus([tiny_corpus])], test)
    run = TrainingRun(data=(tiny_corpus,), out=tmp_path / "out", test=(test,))
    with pytest.raises(CorpusError, match=r"--test: 1?[0-9]{2} of its sentences are learned"):
        train(run)
    assert not (tmp_path / "out").exists()
