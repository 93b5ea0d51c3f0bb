"""The tables of a report, as plain rows that files in other formats are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from training.evaluation.bootstrap import Estimate
from training.evaluation.comparison import Difference
from training.evaluation.metrics import F1, MODEL, NONE, Metrics
from training.evaluation.report import Report, SettingReport
from training.evaluation.swap import SwapConsistency

IDS = 12
"""Records of a group of mistakes that its table names; ``report.json`` has all."""

Cell = str | int | float | Estimate | None
SETTINGS = {"end_to_end": "end to end from raw text", "gold_entities": "with the annotated entities given"}
SHORT = {"end_to_end": "end to end", "gold_entities": "entities given"}


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        name: Name of its files, without the suffix.
        caption: What it shows.
        columns: Heads of its columns.
        rows: Its cells; an `Estimate` is a value with its interval.
    """

    name: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def report_tables(report: Report) -> list[Table]:
    """Return every table of a report; those that would have no row are left out."""
    tables = [_summary(report)]
    for name, setting in report.settings.items():
        tables += _setting_tables(report, name, setting)
    tables += [*([_swap(report.swap)] if report.swap else []), _wrong_entities(report)]
    if report.learning_curve:
        rows = tuple((p.metric, p.sentences, p.seeds, p.value) for p in report.learning_curve)
        tables.append(
            Table("learning-curve", "Learning curve.", ("metric", "training sentences", "runs", "mean"), rows)
        )
    return [table for table in tables if table.rows]


def _summary(report: Report) -> Table:
    settings = report.settings
    models = [setting.model for setting in settings.values()]
    rows: list[tuple[Cell, ...]] = [
        ("macro F1", *(model.macro_f1 for model in models)),
        ("micro F1", *(model.micro.f1 for model in models)),
    ]
    if directions := [model.direction.f1 for model in models if model.direction]:
        rows.append(("direction F1", *directions))
    if models[0].found_entities:
        rows.append(("entity F1", models[0].found_entities.f1, None))
    rows.append(("calibration error", *(setting.reliability.error for setting in settings.values())))
    if report.swap:
        rows.append(("swap consistency", report.swap.end_to_end, report.swap.network))
    model = report.model
    caption = f"{model.name} {model.version} on {report.data.sentences:,} sentences, with 95% bootstrap intervals."
    return Table("summary", caption, ("", *(SHORT[name] for name in settings)), tuple(rows))


def _setting_tables(report: Report, name: str, setting: SettingReport) -> Iterator[Table]:
    how, labels = SETTINGS[name], report.labels

    def table(kind: str, caption: str, columns: Sequence[str], rows: Sequence[tuple[Cell, ...]]) -> Table:
        return Table(f"{name.replace('_', '-')}-{kind}", f"{caption}, {how}.", tuple(columns), tuple(rows))

    yield table("labels", "Labels", ("label", "n", "predicted", "precision", "recall", "F1"), _label_rows(setting))
    systems = {MODEL: setting.model, **setting.systems}
    columns = ("system", *labels, "macro F1", "micro F1", *(["direction F1"] if setting.model.direction else []))
    yield table("systems", "F1 of every system", columns, [_system_row(n, m) for n, m in systems.items()])
    yield table("differences", "Differences to the model, of a paired bootstrap", *_differences(setting))
    yield table("mcnemar", "McNemar's exact test against the model, Holm-corrected", *_mcnemar(setting))
    calibration = {"all": setting.reliability, **setting.label_reliability}
    yield table(
        "calibration",
        "Expected calibration error",
        ("label", "n", "true", "ECE"),
        [(label, values.count, values.positives, values.error) for label, values in calibration.items()],
    )
    confusion = zip((*labels, NONE), setting.confusion, strict=True)
    yield table(
        "confusion",
        "Confusion: rows are annotated, columns predicted",
        ("annotated", *labels, NONE),
        [(label, *row) for label, row in confusion],
    )
    yield from _slice_tables(name, setting, labels)
    clusters: list[tuple[Cell, ...]] = [
        (cluster.annotated, cluster.predicted, cluster.size, ", ".join(cluster.words), " ".join(cluster.ids[:IDS]))
        for cluster in setting.clusters
    ]
    yield table("clusters", "Mistakes in groups", ("annotated", "predicted", "size", "words", "records"), clusters)
    mistakes: list[tuple[Cell, ...]] = [
        (m.loss, m.id, m.code, labels_text(m.gold), labels_text(m.predicted), *([m.text] if m.text is not None else []))
        for m in setting.worst
    ]
    columns = ("loss", "id", "entity", "annotated", "predicted", *(["text"] if report.run.texts else []))
    yield table("mistakes", "Most confident mistakes", columns, mistakes)


def _label_rows(setting: SettingReport) -> list[tuple[Cell, ...]]:
    model = setting.model
    rows: dict[str, F1 | None] = {
        **model.labels,
        "micro": model.micro,
        "direction": model.direction,
        "direction where the label is right": model.direction_given_stance,
        "entities found": model.found_entities,
    }
    cells: list[tuple[Cell, ...]] = [
        (label, f1.gold, f1.predicted, f1.precision, f1.recall, f1.f1) for label, f1 in rows.items() if f1
    ]
    cells.insert(len(model.labels) + 1, ("macro", None, None, None, None, model.macro_f1))
    for name, share in (("all right: sentences", model.exact_sentences), ("all right: entities", model.exact_entities)):
        cells.append((name, share.total, None, None, None, share.share))
    return cells


def _system_row(name: str, metrics: Metrics) -> tuple[Cell, ...]:
    labels = [figures.f1 for figures in metrics.labels.values()]
    direction = [metrics.direction.f1] if metrics.direction else []
    return (name, *labels, metrics.macro_f1, metrics.micro.f1, *direction)


def _differences(setting: SettingReport) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
    columns = ("system", "metric", "model", "system's", "difference", "p", "p (Holm)")
    return columns, [
        (c.name, d.metric, d.old, d.new, difference(d), d.p, c.macro_p_holm if d is c.differences[0] else None)
        for c in setting.comparisons
        for d in c.differences
    ]


def difference(found: Difference) -> Estimate:
    """Return a difference with its interval."""
    return Estimate(found.difference, found.low, found.high)


def _mcnemar(setting: SettingReport) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
    columns = ("system", "of", "both right", "model alone", "system alone", "neither", "p", "p (Holm)")
    return columns, [
        (c.name, of, n.both, n.old_alone, n.new_alone, n.neither, cases.p, cases.p_holm)
        for c in setting.comparisons
        for of, cases in (("decisions", c.decisions), ("sentences", c.sentences))
        for n in [cases.counts]
    ]


def _slice_tables(name: str, setting: SettingReport, labels: Sequence[str]) -> Iterator[Table]:
    """Yield one table for each thing that the data is divided by."""
    directed = setting.model.direction is not None
    for group in dict.fromkeys(part.group for part in setting.slices):
        yield Table(
            f"{name.replace('_', '-')}-slices-{group.replace(' ', '-')}",
            f"By {group}, {SETTINGS[name]}.",
            (
                group,
                "sentences",
                "entities",
                *labels,
                "micro F1",
                "macro F1",
                *(["direction F1"] if directed else []),
            ),
            tuple(
                (
                    part.name,
                    part.sentences,
                    part.entities,
                    *(part.gold[label] for label in labels),
                    part.micro_f1,
                    part.macro_f1,
                    *([part.direction_f1] if directed else []),
                )
                for part in setting.slices
                if part.group == group
            ),
        )


def _swap(swap: SwapConsistency) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = (
        ("labels and targets, end to end", swap.end_to_end),
        ("entities found", swap.finder),
        ("labels and targets, mentions given", swap.network),
        ("largest change of a probability, mentions given", swap.score_difference),
    )
    return Table(
        "swap", f"Countries swapped in {swap.swapped:,} texts: share with the same answer.", ("", "share"), rows
    )


def _wrong_entities(report: Report) -> Table:
    rows = tuple(
        (m.id, " ".join(m.missed), " ".join(m.spurious), *([m.text] if m.text is not None else []))
        for m in report.wrong_entities
    )
    columns = ("id", "missed", "spurious", *(["text"] if report.run.texts else []))
    return Table("wrong-entities", "Sentences whose entities are missed or made up.", columns, rows)


def labels_text(labels: Mapping[str, Sequence[str]]) -> str:
    """Return labels with their targets, such as ``denial → US, warning``."""
    parts = [f"{label} → {' '.join(targets)}" if targets else label for label, targets in labels.items()]
    return ", ".join(parts) or NONE
