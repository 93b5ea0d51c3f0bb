"""Teachers, the variants that they label, and students that learn from both."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from model.classifier import StanceClassifier
from model.config import WEIGHTS_FILE
from model.documents import Span
from model.encoding import EncodableSentence, Encoder, Row
from model.errors import CorpusError, ModelError
from model.runtime import build_feed
from model.scheme import STANCES, LabelScheme
from service.cli.main import app
from training import distillation
from training.base import load_network
from training.corpus import read_corpus
from training.distillation import mixed, teacher_targets
from training.examples import Targets
from training.network import StanceNetwork
from training.pipeline import prepare, train
from training.settings import TrainingConfig
from training.training_run import TrainingRun, read_sentences
from training.unlabelled import unlabelled_sentences
from training.variants import cut, exchange_words, join, variants

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

QUICK = TrainingConfig(epochs=12, batch_size=8, encoder_rate=3e-3, head_rate=3e-3, patience=12, bf16=False)


def sentence(text: str, *forms: str) -> EncodableSentence:
    return EncodableSentence(text, tuple((Span(text.index(form), text.index(form) + len(form)),) for form in forms))


SENTENCES = [
    sentence("Norway, which backs Iceland, warned Chile - again - that talks and aid would end.", "Norway", "Chile"),
    sentence("Peru denied it.", "Peru"),
    sentence("In Oman; Mali; and elsewhere, after the vote, envoys met.", "Oman", "Mali"),
    sentence("It rained.", *()),
]


@given(st.integers(0, 2**32 - 1))
def test_mentions_of_variants_are_where_they_are_said_to_be(seed: int) -> None:
    names = {"Norway", "Chile", "Peru", "Oman", "Mali"}
    for made in variants(SENTENCES, 5, seed):
        assert made.entities
        for spans in made.entities:
            assert {made.text[span.start : span.end] for span in spans} <= names


def test_variants_are_the_same_for_the_same_seed_and_as_many_as_asked() -> None:
    assert variants(SENTENCES, 40, 7) == variants(SENTENCES, 40, 7)
    assert len(variants(SENTENCES, 40, 7)) == 40
    assert variants(SENTENCES, 40, 7) != variants(SENTENCES, 40, 8)


def test_variants_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="no sentence with an entity"):
        variants([SENTENCES[-1]], 1, 0)


def test_the_ways_of_making_variants() -> None:
    rng = np.random.default_rng(3)
    assert {cut(SENTENCES[2], rng).text for _ in range(200)} >= {"Mali", "In Oman", "after the vote, envoys met."}
    both = join(SENTENCES[1], SENTENCES[2], "; ")
    assert both.text == "Peru denied it; In Oman; Mali; and elsewhere, after the vote, envoys met."
    assert [both.text[spans[0].start : spans[0].end] for spans in both.entities] == ["Peru", "Oman", "Mali"]
    changed = exchange_words(SENTENCES[0], {5: ["shale"]}, rng)
    assert len(changed.text) == len(SENTENCES[0].text)
    assert changed.text.startswith("Norway,")


def test_what_is_learned_of_an_annotated_sentence_is_a_mixture() -> None:
    gold = Targets(np.array([[1.0], [0.0]], np.float32), np.zeros((2, 2, 1), np.float32))
    taught = Targets(np.array([[0.5], [0.5]], np.float32), np.full((2, 2, 1), 0.5, np.float32))
    (result,) = mixed([gold], [taught], 0.6)
    assert result.labels.ravel().tolist() == pytest.approx([0.7, 0.3])
    # The second takes no label by its annotation, so whom it would aim at only the teacher can say.
    assert result.toward[0, 1, 0] == pytest.approx(0.3)
    assert result.toward[1, 0, 0] == pytest.approx(0.5)


@pytest.fixture(scope="module")
def teacher(tiny_corpus: Path, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("teacher") / "model"
    config = replace(QUICK, epochs=20, patience=20)
    train(TrainingRun(data=(tiny_corpus,), out=out, base=str(tiny_bert), keep_weights=True, config=config))
    return out


def test_a_teacher_says_what_its_model_says(teacher: Path) -> None:
    asked = [
        sentence("Norway backs Iceland with 3 maps as promised.", "Norway", "Iceland"),
        sentence("Chile denied 9 times that it took wool from Peru.", "Chile", "Peru"),
        SENTENCES[-1],
    ]
    said = teacher_targets([teacher, teacher], asked, STANCES)
    assert [targets.labels.shape for targets in said] == [(2, 4), (2, 4), (0, 4)]
    network, tokenizer = load_network(str(teacher), len(STANCES.labels))
    network.eval()
    for row, targets in zip(Encoder(tokenizer, 256).encode(asked), said, strict=False):
        feed = {name: torch.from_numpy(array) for name, array in build_feed([row]).items()}
        with torch.inference_mode():
            labels, toward = (logits[0].sigmoid().numpy() for logits in network(**feed))
        # Teachers speak in bfloat16.
        assert targets.labels == pytest.approx(labels, abs=0.02)
        assert targets.toward == pytest.approx(toward, abs=0.02)


def test_a_teacher_is_asked_once_by_students_of_several_seeds(
    teacher: Path, tiny_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    answer = distillation._answer

    def counting(network: StanceNetwork, rows: Sequence[Row], said: Sequence[Targets], scheme: LabelScheme) -> None:
        read.append(len(rows))
        answer(network, rows, said, scheme)

    monkeypatch.setattr(distillation, "_answer", counting)
    mine = tmp_path / "teacher"
    shutil.copytree(teacher, mine)
    run = TrainingRun(data=(tiny_corpus,), out=tmp_path / "runs", base=str(teacher), teachers=(mine,), config=QUICK)
    sentences = read_sentences(run)
    for seed in (1, 2):
        prepare(replace(run, config=replace(QUICK, seed=seed)), sentences)
    once = sum(read)
    assert once == len(sentences.train)
    # Another teacher in the same place is another teacher.
    weights = load_file(mine / WEIGHTS_FILE)
    save_file({name: values * 1.01 for name, values in weights.items()}, mine / WEIGHTS_FILE)
    teacher_targets([mine], [SENTENCES[0]], STANCES)
    before = sum(read)
    save_file(weights, mine / WEIGHTS_FILE)
    teacher_targets([mine], [SENTENCES[0]], STANCES)
    assert sum(read) > before > once


def test_a_student_of_another_make_learns_from_a_teacher(
    teacher: Path, tiny_corpus: Path, tiny_roberta: Path, tmp_path: Path
) -> None:
    run = TrainingRun(
        data=(tiny_corpus,),
        out=tmp_path / "student",
        base=str(tiny_roberta),
        teachers=(teacher,),
        variants=60,
        config=replace(QUICK, encoder_dropout=0.0),
    )
    result = train(run)
    assert result.sentences["variants"] == 60
    assert result.dev_score > 0.8
    assert StanceClassifier.from_pretrained(run.out).classify("Kenya backs Japan.").sentences[0].entities
    assert "Taught by" in (run.out / "README.md").read_text()


def test_a_student_learns_of_texts_without_annotation(teacher: Path, tiny_corpus: Path, tmp_path: Path) -> None:
    known = read_corpus([tiny_corpus])[0].text
    texts = tmp_path / "texts.jsonl"
    texts.write_text(
        "".join(
            json.dumps({"text": text}) + "\n"
            for text in ("Peru thanked Chile. Peru slept. Chile called Peru back.", known, "Peru thanked Chile.")
        )
    )
    run = TrainingRun(
        data=(tiny_corpus,), out=tmp_path / "student", teachers=(teacher,), unlabelled=(texts,), base=str(teacher)
    )
    sentences = read_sentences(run)
    assert [sentence.text for sentence in sentences.unlabelled] == ["Peru thanked Chile.", "Chile called Peru back."]
    assert [len(sentence.entities) for sentence in sentences.unlabelled] == [2, 2]
    lessons = prepare(run, sentences).data.train
    # What teachers alone say is never certain, as the annotation is.
    assert len(lessons) == len(sentences.train) + 2
    assert all(0 < share < 1 for labels in lessons[-1]["labels"] for share in labels)


def test_a_text_that_is_none_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"text": "Peru thanked Chile."}\n{"body": "x"}\n')
    with pytest.raises(CorpusError, match=r't\.jsonl:2: expected a JSON object with a "text"'):
        unlabelled_sentences([tmp_path / "t.jsonl"], STANCES)


def test_teachers_that_do_not_fit_are_named(teacher: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model with kept weights to learn from"):
        teacher_targets([tmp_path], [], STANCES)
    other = replace(STANCES, labels=STANCES.labels[:2])
    with pytest.raises(ModelError, match="other labels"):
        teacher_targets([teacher], [], other)


@pytest.mark.parametrize("option", [("--variants", "5"), ("--unlabelled", __file__)])
def test_what_teachers_label_is_refused_without_them(
    option: tuple[str, str], tiny_corpus: Path, tmp_path: Path
) -> None:
    done = CliRunner().invoke(app, ["train", str(tiny_corpus), "--out", str(tmp_path / "m"), *option])
    assert done.exit_code == 2
    assert "needs a --teacher" in done.output
