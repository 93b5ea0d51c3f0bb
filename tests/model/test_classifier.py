"""The classifier on the embedded model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.classifier import SENTENCES_AHEAD, StanceClassifier
from model.documents import Document, GivenEntity, Kind, Source, Span
from model.encoding import EncodableSentence
from model.errors import DocumentError
from model.results import DocumentResult

WORDS = [
    "Norway",
    "Iceland's",
    "Chile",
    "denied",
    "warned",
    "that",
    "backs",
    "the U.S.",
    "EU",
    "Turkish",
    "would",
    "Peru",
]
WORDS += ["İstanbul", "👍🏽", "é", "\r\n", ".", "it", "not", "support", '"', "Niger", "\u2028", "ﬁsh", "[SEP]"]


@pytest.fixture(scope="module")
def classifier() -> StanceClassifier:
    return StanceClassifier.from_pretrained()


def test_the_contract_of_a_result(classifier: StanceClassifier) -> None:
    text = "Norway denied on Monday that it had threatened Iceland. The weather was fine."
    result = classifier.classify(Document(text, id="a"))
    first, second = result.sentences
    assert (first.start, first.end, second.entities) == (0, 55, ())
    assert [entity.entity.code for entity in first.entities] == ["NO", "IS"]
    norway = first.entities[0]
    assert norway.entity.alpha3 == "NOR"
    assert norway.entity.kind is Kind.COUNTRY
    assert set(norway.scores) == set(classifier.scheme.names)
    assert "denial" in [stance.stance for stance in norway.stances]
    assert result.to_dict()["id"] == "a"


def test_documents_together_are_answered_as_documents_alone(classifier: StanceClassifier) -> None:
    texts = [
        "Norway backs Iceland.",
        "Chile warned Peru, Bolivia and the United States that it would close the border if the boats came back.",
        "Nothing.",
        "Turkey denied that it had armed Azerbaijan; Armenia said it had, and warned the EU.",
    ]
    together = classifier.classify_documents([Document(text) for text in texts * 3])
    alone = [classifier.classify(text) for text in texts * 3]
    assert together == alone


@settings(max_examples=60)
@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join), max_size=6))
def test_batching_never_changes_an_answer(classifier: StanceClassifier, texts: list[str]) -> None:
    documents = [Document(text) for text in texts if text.strip()]
    assert classifier.classify_documents(documents) == [classifier.classify(document) for document in documents]


@settings(max_examples=150)
@given(st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=5))).map(" ".join)))
def test_offsets_slice_back_to_the_text(classifier: StanceClassifier, text: str) -> None:
    try:
        result = classifier.classify(text)
    except DocumentError:
        assert not text.strip() or "\0" in text
        return
    for sentence in result.sentences:
        assert text[sentence.start : sentence.end] == sentence.text
        for entity in sentence.entities:
            for mention in entity.entity.mentions:
                assert text[mention.start : mention.end] == mention.text
                assert sentence.start <= mention.start < mention.end <= sentence.end


def test_a_stream_answers_as_it_goes_and_reads_ahead_only_so_far(classifier: StanceClassifier) -> None:
    read: list[Document] = []

    def documents() -> Iterator[Document]:
        while True:
            read.append(Document(f"Norway warned Iceland of {len(read)} storms. Chile backs Peru."))
            yield read[-1]

    stream = classifier.stream(documents())
    first = [next(stream) for _ in range(3)]
    stream.close()
    assert first == [classifier.classify(document) for document in read[:3]]
    assert SENTENCES_AHEAD / 2 <= len(read) <= SENTENCES_AHEAD / 2 + 8


def codes(result: DocumentResult) -> list[str]:
    return [entity.entity.code for sentence in result.sentences for entity in sentence.entities]


def test_only_what_was_asked_for_is_answered(classifier: StanceClassifier) -> None:
    text = "Norway and the EU warned Chile."
    assert codes(classifier.classify(text)) == ["NO", "EU", "CL"]
    assert codes(classifier.classify(text, blocs=False)) == ["NO", "CL"]
    assert codes(classifier.classify(text, countries={"CL"})) == ["CL"]


def test_targets_may_be_others_than_those_asked_for(classifier: StanceClassifier) -> None:
    text = "Norway warned Chile that it would hit back if Chile attacked again."
    full, asked = classifier.classify(text), classifier.classify(text, countries={"NO"})
    assert asked.sentences[0].entities == full.sentences[0].entities[:1]


def test_own_entities_are_looked_for(classifier: StanceClassifier) -> None:
    acme = GivenEntity("ACME", "Acme Corporation", ("Acme", "Acme Corp"))
    result = classifier.classify(Document("Acme Corp denied that Norway had paid it.", entities=(acme,)))
    entity = result.sentences[0].entities[0].entity
    assert (entity.code, entity.name, entity.kind) == ("ACME", "Acme Corporation", Kind.CUSTOM)
    assert entity.mentions[0].source is Source.GIVEN


def test_the_date_picks_the_office_holder(classifier: StanceClassifier) -> None:
    text = "Lavrov warned Norway."
    assert codes(classifier.classify(Document(text, date=date(2015, 5, 1)))) == ["RU", "NO"]
    assert codes(classifier.classify(Document(text, date=date(1995, 5, 1)))) == ["NO"]


def test_relations_and_summary_follow_from_the_sentences(classifier: StanceClassifier) -> None:
    result = classifier.classify("Norway backs Iceland. Norway will support Iceland with ships. Chile sleeps.")
    counted = {row.code: row.stances for row in result.summary}
    assert list(counted) == ["NO", "IS", "CL"]
    for relation in result.relations:
        for index in relation.sentences:
            stances = {e.entity.code: e.stances for e in result.sentences[index].entities}[relation.source]
            assert any(s.stance == relation.stance and relation.target in [t.code for t in s.toward] for s in stances)
    assert {(r.source, r.stance, r.target) for r in result.relations} >= {("NO", "support", "IS")}


def test_swapping_names_changes_nothing_for_the_network(classifier: StanceClassifier) -> None:
    one = EncodableSentence("Oman warned Peru.", ((Span(0, 4),), (Span(12, 16),)))
    two = EncodableSentence("Kazakhstan warned Burkina Faso.", ((Span(0, 10),), (Span(18, 30),)))
    first, second = classifier.score([one, two])
    np.testing.assert_array_equal(first.labels, second.labels)
    np.testing.assert_array_equal(first.toward, second.toward)


def test_a_sentence_longer_than_the_network_reads_is_answered_whole(classifier: StanceClassifier) -> None:
    text = "Norway " + "and so on " * 400 + "warned Iceland that it would act if Chile attacked"
    result = classifier.classify(text)
    assert codes(result) == ["NO", "IS", "CL"]
    assert all(0 <= score <= 1 for entity in result.sentences[0].entities for score in entity.scores.values())


def test_many_countries_in_one_sentence(classifier: StanceClassifier) -> None:
    names = ["Norway", "Iceland", "Chile", "Peru", "Oman", "Mali", "Kenya", "Ghana", "Japan", "Nepal", "Cuba", "Haiti"]
    names += ["Laos", "Malta", "Qatar", "Sudan", "Togo", "Yemen"]
    result = classifier.classify(", ".join(names) + " met.")
    assert len(codes(result)) == len(names)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (Document(""), "text"),
        (Document(" \n "), "text"),
        (Document("a\0b"), "text"),
        (Document("a\ud800b"), "text"),
        (Document("Oman.", entities=(GivenEntity("", "A", ("A",)),)), "entities[0].code"),
        (Document("Oman.", entities=(GivenEntity("A", "A", ()),)), "entities[0].mentions"),
    ],
)
def test_documents_that_cannot_be_read_are_refused_by_field(
    classifier: StanceClassifier, document: Document, field: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        classifier.classify(document)
    assert caught.value.field == field
