"""Annotated sentences from tables, pair rows, marked sentences and data sets of the hub."""

from __future__ import annotations

import csv
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from model.annotation import AnnotatedEntity, AnnotatedSentence, annotation_faults, masked_text, mention_spans
from model.documents import Span
from model.encoding import mask
from model.errors import CorpusError
from model.scheme import STANCES, Label, LabelScheme
from service.cli.main import app
from training.corpus import check_corpus, count_rows, data_sha256, read_corpus
from training.examples import encodable
from training.interchange.formats import Interchange, read, write
from training.reading.columns import Columns
from training.reading.marks import read_marks
from training.splits import near_duplicate_groups

RELATIONS = LabelScheme("relations", (Label("AID"), Label("DENY")), multi_label=False)


def rows_of(path: Path, *rows: str) -> Path:
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def only(path: Path, scheme: LabelScheme = STANCES, columns: Columns | None = None) -> AnnotatedSentence:
    (sentence,) = read_corpus([path], scheme, columns)
    return sentence


# --- marked sentences


@st.composite
def marked_sentences(draw: st.DrawFn) -> tuple[str, str, dict[str, list[str]]]:
    """Compose a marked sentence, the sentence without marks, and what each side should hold."""
    word = st.sampled_from(["Norway", "the fleet", "Norway", "it", "💣 bombs", "N\u0303orge", "<b>", "«x»", "a-b"])
    marked, plain = "", ""
    held: dict[str, list[str]] = {"source": [], "target": []}
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["plain", "s", "t", "st", "ts"]))
        outer, inner, after = draw(word), draw(word), draw(word)
        if kind == "plain":
            marked, plain = f"{marked}{outer}, ", f"{plain}{outer}, "
            continue
        side = {"s": "source", "t": "target"}
        if len(kind) == 1:
            marked += f"<{kind}>{outer} </{kind}>; "
            plain += f"{outer} ; "
            held[side[kind]].append(outer)
        else:
            one, two = kind
            marked += f"<{one}>{outer} <{two}>{inner}</{two}>{after}</{one}> "
            plain += f"{outer} {inner}{after} "
            held[side[one]] += [outer, after]
            held[side[two]].append(inner)
    return marked, plain, {name: found for name, found in held.items() if found}


@given(marked_sentences())
@example(("<s>Oman</s> aided <t>Oman</t>", "Oman aided Oman", {"source": ["Oman"], "target": ["Oman"]}))
def test_marks_give_exact_places(composed: tuple[str, str, dict[str, list[str]]]) -> None:
    marked, plain, held = composed
    text, places = read_marks(marked)
    assert text == plain
    assert {side: [text[span.start : span.end] for span in spans] for side, spans in places.items()} == held
    every = sorted((span.start, span.end) for spans in places.values() for span in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(every))


@pytest.mark.parametrize(
    ("marked", "fault"),
    [
        ("<s>Oman aided Mali", "<s> is not closed"),
        ("Oman</s> aided Mali", "</s> at character 5 closes nothing"),
        ("<s>Oman <t>aided</s> Mali</t>", "</s> at character 17 crosses"),
        ("<s>Oman <s>aided</s></s>", "<s> at character 9 stands inside another <s>"),
        ("<s><t>Oman</t></s> aided", "<s>…</s> holds no word of its own"),
        ("<s>Oman</s> aided <t> - </t>", "<t>…</t> holds no word of its own"),
    ],
)
def test_wrong_marks_are_told_with_their_line(tmp_path: Path, marked: str, fault: str) -> None:
    good = "<s>Oman</s> aided <t>Peru</t>.\tsupport"
    path = rows_of(tmp_path / "mine.tsv", "marked_sentence\tlabel", good, f"{marked}\tsupport", good.replace("P", "B"))
    check = check_corpus([path])
    assert len(check.faults) == 1
    assert check.faults[0].startswith(f"{path}:3: ")
    assert fault in check.faults[0]
    assert [sentence.id for sentence in check.sentences] == ["mine.tsv:2", "mine.tsv:4"]
    with pytest.raises(CorpusError, match=r"mine\.tsv:3: "):
        read_corpus([path])


def test_marked_words_that_stand_twice_are_read_where_the_marks_are(tmp_path: Path) -> None:
    row = "When Chile met Norway, <s>Norway</s> and not Norway's fleet aided <t>Chile</t>.\tsupport"
    sentence = only(rows_of(tmp_path / "mine.tsv", "marked_sentence\tlabel", row))
    assert [entity.code for entity in sentence.entities] == ["NO", "CL"]
    assert mention_spans(sentence) == [[Span(23, 29)], [Span(59, 64)]]
    assert masked_text(sentence) == "When Chile met Norway, @ and not Norway's fleet aided @."
    assert mask(encodable(sentence))[0] == "When Chile met Norway, [ENTITY_0] and not Norway's fleet aided [ENTITY_1]."
    assert sentence.entities[0].stances == {"support": ("CL",)}


def test_the_inner_one_of_a_nested_pair_owns_its_words(tmp_path: Path) -> None:
    row = "<s>The <t>Peruvian</t> miners' council</s> denied it to <t>Peru</t>.\tDENY"
    sentence = only(rows_of(tmp_path / "mine.tsv", "marked\tlabel", row), RELATIONS)
    assert mask(encodable(sentence))[0] == "[ENTITY_0] [ENTITY_1] [ENTITY_0] denied it to [ENTITY_1]."
    assert sentence.entities[0] == AnnotatedEntity(
        "source", ("The", "miners' council"), {"DENY": ("PE",)}, (Span(0, 3), Span(13, 28))
    )


def test_a_side_without_marks_has_no_entity(tmp_path: Path) -> None:
    rows = ["marked\tlabel", "<s>Peru</s> denied it.\tDENY", "Help came to <t>Peru</t>.\tAID"]
    first, second = read_corpus([rows_of(tmp_path / "mine.tsv", *rows)], RELATIONS)
    assert first.entities == (AnnotatedEntity("PE", ("Peru",), {"DENY": ()}, (Span(0, 4),)),)
    assert second.entities == (AnnotatedEntity("PE", ("Peru",), {}, (Span(13, 17),)),)


# --- pair rows


def test_pairs_are_found_by_their_words(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [
                ["sentence", "source", "target", "stance"],
                ['The Straits Council said: "We warn Peru",\nand warned Peru.', "Straits Council", "Peru", "WARNING"],
                ["The Straits Council warned Peru and Chile.", "Straits Council", "Chile", "warning|deterrence"],
                ["The Straits Council met Peru.", "Straits Council", "Peru", "none"],
                ["The Straits Council met Chile.", "Straits Council", "", ""],
            ]
        )
    first, second, third, fourth = read_corpus([path])
    assert first.entities == (
        AnnotatedEntity("source", ("Straits Council",), {"warning": ("PE",)}),
        AnnotatedEntity("PE", ("Peru",), {}),
    )
    assert [len(spans) for spans in mention_spans(first)] == [1, 2]
    assert second.entities[0].stances == {"warning": ("CL",), "deterrence": ("CL",)}
    assert third.entities[0].stances == fourth.entities[0].stances == {}
    assert [sentence.id for sentence in (first, second, third)] == ["mine.csv:2", "mine.csv:4", "mine.csv:5"]


def test_a_source_inside_the_target_has_its_own_words_only(tmp_path: Path) -> None:
    row = "The Oman miners' union thanked Oman.\tOman\tOman miners' union\tAID"
    header = "text\tsource\ttarget\tlabel"
    sentence = only(rows_of(tmp_path / "mine.tsv", header, row), RELATIONS)
    assert mask(encodable(sentence))[0] == "The Oman miners' union thanked Oman.".replace(
        "Oman miners' union", "[ENTITY_0]"
    ).replace("Oman.", "[ENTITY_1].")
    inside = "The Oman miners' union gave thanks.\tOman\tOman miners' union\tAID"
    sentence = only(rows_of(tmp_path / "mine.tsv", header, inside), RELATIONS)
    assert mask(encodable(sentence))[0] == "The [ENTITY_0] [ENTITY_1] gave thanks."


def test_the_same_text_may_stand_again_with_another_pair(tmp_path: Path) -> None:
    rows = [
        "text\tsource\ttarget\tlabel",
        "Oman aided Mali and Peru.\tOman\tMali\tAID",
        "Oman aided Mali and Peru.\tOman\tPeru\tAID",
        "Oman aided Mali and Peru!\tOman\tPeru\tDENY",
    ]
    check = check_corpus([path := rows_of(tmp_path / "mine.tsv", *rows)], RELATIONS)
    assert check.faults == [f"{path}:4: the text of {path}:3 again, with the same pair"]
    assert [sentence.id for sentence in check.sentences] == ["mine.tsv:2", "mine.tsv:3"]
    assert near_duplicate_groups(check.sentences) == [[0, 1]]  # never in different splits


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("Oman aided Mali.\tOman\tMali\tLOVE", "label: unknown 'LOVE' (known: AID, DENY)"),
        ("Oman aided Mali.\tOman\tPeru\tAID", "target: 'Peru' is not in the text"),
        ("Oman aided Mali.\tOman\tOman\tAID", "source and target are the same words: mark them"),
        ("Oman aided Mali.\t\t\tAID", "neither a source nor a target"),
        ("Oman aided Mali.\tOman\tMali\tAID|DENY", "several labels, but the scheme 'relations' allows one"),
        ("Oman aided Mali.\tOman\tMali", "3 columns, but the first line has 4"),
        ("\tOman\tMali\tAID", "source: 'Oman' is not in the text"),
        ("Oman\0 aided Mali.\tOman\tMali\tAID", "NUL"),
        ("Oman \ud800 aided Mali.\tOman\tMali\tAID", "not UTF-8 at byte 5"),
    ],
)
def test_a_faulty_row_costs_no_other(tmp_path: Path, row: str, fault: str) -> None:
    path = tmp_path / "mine.tsv"
    good = ["Chile aided Mali.\tChile\tMali\tAID", "Chile aided Peru.\tChile\tPeru\tAID"]
    text = "\n".join(["text\tsource\ttarget\tlabel", good[0], row, good[1]])
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    check = check_corpus([path], RELATIONS)
    assert len(check.faults) == 1
    assert check.faults[0].startswith(f"{path}:3: ")
    assert fault in check.faults[0]
    assert [sentence.id for sentence in check.sentences] == ["mine.tsv:2", "mine.tsv:4"]


def test_columns_are_mapped_by_name(tmp_path: Path) -> None:
    path = rows_of(tmp_path / "mine.csv", ",uid,phrase,relation", "0,x1,<s>Oman</s> aided <t>Mali</t>,AID")
    with pytest.raises(CorpusError, match=r"mine\.csv:1: no table and no pair rows: .*there are uid, phrase, relation"):
        read_corpus([path], RELATIONS)
    with pytest.raises(CorpusError, match=r"mine\.csv:1: no column 'words' for text; there are uid"):
        read_corpus([path], RELATIONS, Columns.parse("text=words,label=relation"))
    assert only(path, RELATIONS, Columns.parse("marked=phrase, label=relation,id=uid")).id == "x1"


@pytest.mark.parametrize("option", ["label", "label=a,label=b", "stance=x", ""])
def test_senseless_columns_are_refused(tmp_path: Path, option: str) -> None:
    path = rows_of(tmp_path / "mine.csv", "text,label", "<s>Oman</s> left,")
    result = CliRunner().invoke(app, ["check", str(path), "--columns", option])
    assert result.exit_code == 2
    assert "error: --columns: " in result.output


def test_ids_differ_where_files_have_the_same_name(tmp_path: Path) -> None:
    for name, text in (("one", "<s>Oman</s> left."), ("two", "<s>Peru</s> left.")):
        (tmp_path / name).mkdir()
        rows_of(tmp_path / name / "train.tsv", "marked\tlabel", f"{text}\tnone")
    paths = [tmp_path / name / "train.tsv" for name in ("one", "two")]
    assert [sentence.id for sentence in read_corpus(paths)] == [f"{path}:2" for path in paths]


CELLS = st.one_of(
    st.text(alphabet=st.sampled_from(list('<s></s><t></t>"\t,;|\n\r Oman Mali\0AID')), max_size=30),
    st.sampled_from(["Oman", "Mali", "AID", "none", "<s>Oman</s> aided <t>Mali</t>", '"Oman', 'Mali"']),
)


@pytest.mark.parametrize(("suffix", "delimiter"), [(".tsv", "\t"), (".csv", ","), (".csv", ";")])
@given(rows=st.lists(st.lists(CELLS, min_size=3, max_size=5), max_size=5), noise=st.binary(max_size=8))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_rows_hold_the_good_ones_are_read(
    tmp_path: Path, suffix: str, delimiter: str, rows: list[list[str]], noise: bytes
) -> None:
    path = tmp_path / f"mine{suffix}"
    good = delimiter.join(["Chile aided Peru.", "Chile", "Peru", "AID"])
    lines = [delimiter.join(["text", "source", "target", "label"]), good, *(delimiter.join(cells) for cells in rows)]
    path.write_bytes("\n".join(lines).encode() + b"\n" + noise)
    check = check_corpus([path], RELATIONS)
    assert check.sentences[0].text == "Chile aided Peru."
    assert len(check.sentences) + len(check.faults) <= 3 + sum(row.count("\n") + 1 for row in lines) + noise.count(
        b"\n"
    )


@given(
    st.dictionaries(
        st.sampled_from(["id", "text", "marked", "source", "target", "label"]),
        st.one_of(CELLS, st.none(), st.integers(), st.lists(CELLS, max_size=2), st.just("\ud800")),
    )
)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_lines_hold_they_are_read_or_told(tmp_path: Path, values: dict[str, Any]) -> None:
    path = tmp_path / "mine.jsonl"
    first = {"text": "Chile aided Peru.", "source": "Chile", "target": "Peru", "label": ["AID"]}
    path.write_text(f"{json.dumps(first)}\n{json.dumps(values)}\n", encoding="utf-8")
    check = check_corpus([path], RELATIONS)
    assert check.sentences[0].id == "mine.jsonl:1"
    assert all(fault.startswith(f"{path}:2: ") for fault in check.faults)
    assert len(check.sentences) == 2 or check.faults


# --- quotation marks


def test_bare_quotation_marks_of_a_tsv_file_are_characters(tmp_path: Path) -> None:
    rows = [
        "text\tsource\ttarget\tlabel",
        '"Never," Oman told Mali.\tOman\tMali\tDENY',
        'Oman aided "brave" Mali\tOman\tMali\tAID',
        '"Oman aids Peru\tOman\tPeru\tAID',
        '"Oman" aids Chile"\tOman\tChile\tAID',
    ]
    sentences = read_corpus([rows_of(tmp_path / "mine.tsv", *rows)], RELATIONS)
    assert [sentence.text for sentence in sentences] == [row.split("\t")[0] for row in rows[1:]]


def test_a_tsv_file_quoted_by_the_rules_is_unquoted(tmp_path: Path) -> None:
    path = tmp_path / "mine.tsv"
    texts = ['"Never," Oman told Mali.', "Oman\taided Mali\nat once"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, dialect="excel-tab")
        writer.writerows([["text", "source", "target", "label"], *([text, "Oman", "Mali", "AID"] for text in texts)])
    assert [sentence.text for sentence in read_corpus([path], RELATIONS)] == texts
    one_a_line = path.read_text(encoding="utf-8").split('"Oman\t')[0]
    path.write_text(one_a_line, encoding="utf-8")
    assert [sentence.text for sentence in read_corpus([path], RELATIONS)] == texts[:1]


def test_a_quotation_mark_that_is_never_closed_costs_its_line(tmp_path: Path) -> None:
    rows = [
        "text;source;target;label",
        '"Oman aided Mali; at once";Oman;Mali;AID',
        '"Oman aided Chile;Oman;Chile;AID',
        '"Oman ""aided"" Peru";Oman;Peru;AID',
        'Oman "aided" Oman\'s Norway;Oman;Norway;AID',
    ]
    check = check_corpus([path := rows_of(tmp_path / "mine.csv", *rows)], RELATIONS)
    assert [fault.split(": ")[0] for fault in check.faults] == [f"{path}:3"]
    assert [sentence.text for sentence in check.sentences] == [
        "Oman aided Mali; at once",
        'Oman "aided" Peru',
        'Oman "aided" Oman\'s Norway',
    ]


def test_a_column_that_stands_twice_is_a_fault(tmp_path: Path) -> None:
    path = rows_of(tmp_path / "mine.csv", "text,label,label", "<s>Oman</s> left,AID,DENY")
    assert check_corpus([path], RELATIONS).faults == [f"{path}:1: the column 'label' stands twice"]


# --- tables, Parquet, data sets


EXACT = AnnotatedSentence(
    "e-1",
    "Norway met Norway, the Straits Council said.",
    (
        AnnotatedEntity("NO", ("Norway",), {"warning": ("target",)}, (Span(11, 17),)),
        AnnotatedEntity("target", ("Straits Council",), {}, (Span(23, 38),)),
    ),
)


@pytest.mark.parametrize("format_", list(Interchange))
def test_exact_places_and_own_codes_go_through_every_format(tmp_path: Path, format_: Interchange) -> None:
    path = tmp_path / "file"
    write([EXACT], path, format_)
    assert read(path, format_).sentences == [EXACT]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_the_projects_own_tables_are_read_wherever_annotated_files_are(
    tmp_path: Path, tiny_corpus: Path, suffix: str
) -> None:
    sentences = read_corpus([tiny_corpus])
    path = tmp_path / f"table{suffix}"
    write(sentences, path, Interchange(suffix[1:]))
    assert read_corpus([tmp_path]) == sentences
    (tmp_path / "splits.tsv").write_text(f"{sentences[0].id}\ttrain\n")
    assert check_corpus([tmp_path]).faults == []
    assert count_rows(path) == 2 * len(sentences)


@pytest.mark.parametrize(
    ("spans", "fault"),
    [
        ("0-6", "spans: not a list"),
        ([[0, 60]], "span [0, 60] is no pair of offsets in the text"),
        ([[0, True]], "is no pair of offsets"),
        ([[6, 0]], "is no pair of offsets"),
        ([[0, 4]], "span [0, 4] is 'Norw', which is none of the mentions"),
        ([[0, 6], [0, 6]], "spans [0, 6] and [0, 6] overlap"),
    ],
)
def test_faulty_spans_are_told(spans: Any, fault: str) -> None:
    entities = [{"code": "NO", "mentions": ["Norway"], "stances": {}, "spans": spans}]
    assert any(fault in str(found) for found in annotation_faults("Norway left.", entities, STANCES))


def test_every_form_needs_a_place() -> None:
    entities = [{"code": "NO", "mentions": ["Norway", "Oslo"], "stances": {}, "spans": [[0, 6]]}]
    faults = list(map(str, annotation_faults("Norway left Oslo.", entities, STANCES)))
    assert faults == ["NO: no span is the mention 'Oslo'"]


def test_forms_are_not_looked_for_where_another_entity_is_marked() -> None:
    marked = AnnotatedEntity("GN", ("Guinea",), {}, (Span(0, 6),))
    sentence = AnnotatedSentence("x", "Guinea, Guinea", (marked, AnnotatedEntity("GW", ("Guinea",), {})))
    assert mention_spans(sentence) == [[Span(0, 6)], [Span(8, 14)]]


@pytest.fixture(scope="module")
def dataset_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as data sets are shared: two splits in Parquet, labels as numbers."""
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

    features = Features({"sentence": Value("string"), "label": ClassLabel(names=["AID", "DENY"])})
    folder = tmp_path_factory.mktemp("shared") / "relations"
    for split, names in {"train": ["Oman", "Mali"], "test": ["Peru"]}.items():
        texts = [f"<s>{name}</s> wrote to <t>Chile</t>." for name in names]
        table = Dataset.from_dict({"sentence": texts, "label": [1] * len(texts)}, features=features)
        (folder / "data").mkdir(parents=True, exist_ok=True)
        DatasetDict({split: table})[split].to_parquet(folder / "data" / f"{split}-00000-of-00001.parquet")
    return folder


def test_a_data_set_is_read_by_its_name(dataset_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path)
    source = Path(f"hf:{dataset_folder}:train")
    first, second = read_corpus([source], RELATIONS)
    assert (first.id, first.text, first.file) == ("relations:train:1", "Oman wrote to Chile.", "relations:train")
    assert first.entities[0].stances == {"DENY": ("CL",)}
    assert mention_spans(second) == [[Span(0, 4)], [Span(14, 19)]]
    assert count_rows(source) == 2
    assert data_sha256(source) != data_sha256(Path(f"hf:{dataset_folder}:test"))
    with pytest.raises(CorpusError, match=r"name one of its splits, as in hf:.*:train \(train, test\)"):
        read_corpus([Path(f"hf:{dataset_folder}")], RELATIONS)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(CorpusError, match="hf:nobody/nothing: "):
        read_corpus([Path("hf:nobody/nothing")], RELATIONS)


def test_a_data_set_of_the_hub_is_read_from_the_cache_without_network(
    dataset_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path)
    expected = read_corpus([Path(f"hf:{dataset_folder}:train")], RELATIONS)
    (tmp_path / "relations").rename(tmp_path / "owner___relations")  # where the library keeps owner/relations
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert read_corpus([Path("hf:owner/relations:train")], RELATIONS) == expected


def test_labels_of_a_parquet_file_have_their_names(dataset_folder: Path) -> None:
    path = dataset_folder / "data" / "test-00000-of-00001.parquet"
    assert only(path, RELATIONS).entities[0].stances == {"DENY": ("CL",)}


def test_a_data_set_of_annotated_records_is_read(
    tmp_path: Path, tiny_corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path)
    assert read_corpus([Path(f"hf:{tiny_corpus}")]) == read_corpus([tiny_corpus])


def test_the_check_command_takes_all_of_them(tmp_path: Path) -> None:
    pairs = rows_of(tmp_path / "pairs.tsv", "phrase\trelation", "<s>Oman</s> aided <t>Mali</t>\tsupport")
    lines = tmp_path / "lines.jsonl"
    lines.write_text(json.dumps({"text": "Peru aided Mali.", "source": "Peru", "target": "Mali", "label": "support"}))
    options = ["--columns", "text=phrase,label=relation"]
    assert CliRunner().invoke(app, ["check", str(pairs), *options]).exit_code == 0
    result = CliRunner().invoke(app, ["check", str(lines)])
    assert result.exit_code == 0, result.output
    assert "support: 1" in result.output


def test_the_page_on_data_shows_what_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    kinds = re.findall(r"```(json|csv)\n(.*?)```", page, re.DOTALL)
    for number, (kind, block) in enumerate(kinds):
        path = tmp_path / f"{number}.{'jsonl' if kind == 'json' else 'csv'}"
        path.write_text(block.replace("\n", "") if kind == "json" else block, encoding="utf-8")
    record, marked, plain = read_corpus([tmp_path])
    assert mention_spans(record) == [[Span(21, 25)], [Span(10, 15)]]
    assert mention_spans(marked) == [[Span(0, 4)], [Span(10, 15)]]
    assert plain.entities[0].stances == {"warning": ("CL",), "denial": ("CL",)}
