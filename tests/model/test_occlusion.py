"""Explanations by occlusion, on the embedded model."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.batching import Flow
from model.classifier import StanceClassifier
from model.documents import Document, GivenEntity, Span
from model.encoding import EncodableSentence, mask
from model.errors import DeadlineError, DocumentError
from model.occlusion import MAX_WORDS, find_words, hide, hiding_id

WORDS = ["Norway", "Iceland's", "the U.S.", "U.S.-backed", "denied", "won't", "co-operate", "re\u0301sume\u0301", "'s"]
WORDS += [
    "İstanbul",
    "👍🏽",
    "\r\n",
    ".",
    "–",
    '"',
    "[UNK]",
    "[ENTITY_3]",
    "ﬁsh",
    "snake_case",
    "7,000",
    "\u2028",
    "Kenyan",
]


@pytest.fixture(scope="module")
def classifier() -> StanceClassifier:
    return StanceClassifier.from_pretrained()


def test_the_word_that_denies_has_the_largest_effect(classifier: StanceClassifier) -> None:
    text = "Russia denied that it planned to invade Ukraine."
    explanation = classifier.explain(text, sentence=0, code="RU", stance="denial")
    assert [word.text for word in explanation.words] == ["denied", "that", "it", "planned", "to", "invade"]
    strongest = max(explanation.words, key=lambda word: word.effect)
    assert strongest.text == "denied"
    assert strongest.effect > 0.5
    assert explanation.score == classifier.classify(text).sentences[0].entities[0].scores["denial"]
    assert explanation.to_dict()["words"][0] == {"text": "denied", "start": 7, "end": 13, "effect": strongest.effect}


def test_an_effect_is_the_probability_that_is_lost_without_the_word(classifier: StanceClassifier) -> None:
    """An unknown character stands for the hidden word: the tokenizer makes the same token of it."""
    text = "Chile warned Peru of storms."
    explanation = classifier.explain(text, sentence=0, code="CL", stance="warning")
    for word in explanation.words:
        hidden = classifier.classify(f"{text[: word.start]}\N{CJK UNIFIED IDEOGRAPH-9F98}{text[word.end :]}")
        score = hidden.sentences[0].entities[0].scores["warning"]
        assert word.effect == pytest.approx(explanation.score - score, abs=2e-4)


def test_offsets_count_in_the_document(classifier: StanceClassifier) -> None:
    text = "It rained.\n\n🚢 Sweden backs the U.S.-led talks. Peru's envoy won't co-operate with Chile."
    for index, expected in ((1, ["backs", "the", "led", "talks"]), (2, ["envoy", "won't", "co-operate", "with"])):
        code = "SE" if index == 1 else "PE"
        words = classifier.explain(text, sentence=index, code=code, stance="support").words
        assert [word.text for word in words] == expected
        assert [text[word.start : word.end] for word in words] == expected


@given(st.lists(st.sampled_from(WORDS), max_size=14), st.sampled_from([" ", "  ", ""]))
@settings(max_examples=60)
def test_words_stand_in_the_text_and_hiding_keeps_everything_else(
    classifier: StanceClassifier, words: list[str], space: str
) -> None:
    for found in classifier._reader.read(Document(space.join(["Norway", *words, "."]))):
        sentence = found.encodable()
        spans = find_words(sentence)
        mentioned = {place for entity in sentence.entities for span in entity for place in range(span.start, span.end)}
        assert all(mentioned.isdisjoint(range(span.start, span.end)) for span in spans)
        assert [span.start for span in spans] == sorted(span.start for span in spans)
        assert all(sentence.text[span.start : span.end].strip("'’-") for span in spans)
        encoder = classifier._scorer.encoder
        if not sentence.entities:
            continue
        plain, *hidden = hide(encoder, sentence, spans)
        assert plain == encoder.encode([sentence])[0]
        unknown = hiding_id(encoder.tokenizer)
        for number, row in enumerate(hidden, 1):
            changed = [place for place, ids in enumerate(zip(plain.ids, row.ids, strict=True)) if ids[0] != ids[1]]
            assert row.sentence == number
            assert row.positions == plain.positions
            assert {row.ids[place] for place in changed} <= {unknown}
            # What changes is one run, and it changes nothing but the word.
            assert changed == list(range(changed[0], changed[-1] + 1)) if changed else True


def test_hiding_a_word_hides_all_its_pieces_and_no_other(classifier: StanceClassifier) -> None:
    sentence = EncodableSentence("Chile miscalculated unbelievably, Peru said.", ((Span(0, 5),), (Span(34, 38),)))
    encoder = classifier._scorer.encoder
    words = find_words(sentence)
    plain, *hidden = hide(encoder, sentence, words)
    text, _ = mask(sentence)
    tokens = encoder.tokenizer.encode(text, add_special_tokens=False).tokens
    for word, row in zip(words, hidden, strict=True):
        changed = [tokens[place - 1] for place, token in enumerate(row.ids) if token != plain.ids[place]]
        assert "".join(changed).replace("##", "") == sentence.text[word.start : word.end]
    assert max(sum(a != b for a, b in zip(plain.ids, row.ids, strict=True)) for row in hidden) > 1


def test_a_sentence_that_is_read_in_windows_is_explained(classifier: StanceClassifier) -> None:
    middle = ", and ".join(f"the {number} boats that had left the harbour at noon" for number in range(30))
    text = f"In a storm that sank {middle}, Chile denied that it had misled Peru about the {'long ' * 60}voyage."
    explanation = classifier.explain(text, sentence=0, code="CL", stance="denial")
    assert len(classifier._scorer.encoder.encode([classifier._reader.read(Document(text))[0].encodable()])) > 1
    assert max(explanation.words, key=lambda word: word.effect).text == "denied"
    assert all(text[word.start : word.end] == word.text for word in explanation.words)


def test_faults_name_the_field(classifier: StanceClassifier) -> None:
    text = "Chile denied it. It rained."
    for field, reason, arguments in (
        ("sentence", "2 is no index", {"sentence": 2}),
        ("sentence", "-1 is no index", {"sentence": -1}),
        ("code", "it mentions CL", {"code": "PE"}),
        ("code", "it mentions none", {"sentence": 1}),
        ("stance", "support, deterrence, denial, warning", {"stance": "praise"}),
    ):
        with pytest.raises(DocumentError, match=reason) as caught:
            classifier.explain(text, **{"sentence": 0, "code": "CL", "stance": "denial", **arguments})  # type: ignore[arg-type]
        assert caught.value.field == field
    with pytest.raises(DocumentError, match="text: is empty"):
        classifier.explain(" ", sentence=0, code="CL", stance="denial")
    endless = f"Chile denied {'it and ' * MAX_WORDS} so on."
    with pytest.raises(DocumentError, match=f"sentence: has 1,027 words; at most {MAX_WORDS}"):
        classifier.explain(endless, sentence=0, code="CL", stance="denial")


def test_own_entities_and_deadlines(classifier: StanceClassifier) -> None:
    acme = GivenEntity("ACME", "Acme Corporation", ("Acme",))
    document = Document("Acme denied that Norway had paid it.", entities=(acme,))
    words = classifier.explain(document, sentence=0, code="ACME", stance="denial").words
    assert max(words, key=lambda word: word.effect).text == "denied"
    with pytest.raises(DeadlineError):
        classifier.explain(document, sentence=0, code="ACME", stance="denial", flow=Flow(deadline=0.0))
