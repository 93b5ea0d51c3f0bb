"""The evaluation report as plain data; `rendering` writes it to files."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from model.classifier import ModelInfo
from training.evaluation.clusters import ErrorCluster
from training.evaluation.learning_curve import CurvePoint
from training.evaluation.metrics import Metrics
from training.evaluation.mistakes import WrongEntities, WrongStances
from training.evaluation.reliability import Reliability
from training.evaluation.significance import SystemComparison
from training.evaluation.slices import SliceMetrics
from training.evaluation.swap import SwapConsistency

SCHEMA = "entity-stance/evaluation-report"
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of annotated sentences.

    Attributes:
        path: Its path, as given.
        sha256: Hash of the file.
        records: Number of its rows.
    """

    path: str
    sha256: str
    records: int


@dataclass(frozen=True, slots=True)
class DataSummary:
    """What was evaluated on.

    Attributes:
        files: The annotated files.
        split: The split of them that was used; None for all sentences.
        sentences: Number of sentences.
        entities: Number of entities, counted once a sentence.
        stances: Number of annotated stances, by label.
        directed: Number of annotated triples (holder, stance, target).
    """

    files: tuple[DataFile, ...]
    split: str | None
    sentences: int
    entities: int
    stances: dict[str, int]
    directed: int


@dataclass(frozen=True, slots=True)
class BaselineData:
    """What the baselines that learn were fitted on; `left_out` sentences stand in the evaluated data too."""

    files: tuple[DataFile, ...]
    sentences: int
    left_out: int


@dataclass(frozen=True, slots=True)
class OtherModel:
    """Another model of the report.

    Attributes:
        info: Which model it is.
        predictions: The file that holds its labels; None for a model that was run.
    """

    info: ModelInfo | None
    predictions: DataFile | None


@dataclass(frozen=True, slots=True)
class Run:
    """How the report came about.

    Attributes:
        created: Time in UTC, ISO 8601.
        command: The command line.
        package_version: Version of entity-stance.
        resamples: Draws of each bootstrap interval.
        swap_draws: Swapped versions of each text.
        seed: Seed of the bootstrap and of the swaps.
        texts: Whether the report shows sentence texts.
        seconds: How long the evaluation took.
    """

    created: str
    command: str
    package_version: str
    resamples: int
    swap_draws: int
    seed: int
    texts: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class SettingReport:
    """Everything about one setting.

    Attributes:
        model: The model's figures.
        others: The other models' figures, by name.
        baselines: The baselines' figures, by name.
        comparisons: The other models and the baselines against the model.
        confusion: Gold × predicted counts of the labels and none, see `metrics.confusion_matrix`.
        reliability: Calibration of all probabilities together.
        label_reliability: Calibration of each label's.
        slices: The model's figures on parts of the data.
        worst: Its most confident mistakes.
        clusters: Its mistakes in groups.
    """

    model: Metrics
    others: dict[str, Metrics]
    baselines: dict[str, Metrics]
    comparisons: tuple[SystemComparison, ...]
    confusion: list[list[int]]
    reliability: Reliability
    label_reliability: dict[str, Reliability]
    slices: tuple[SliceMetrics, ...]
    worst: tuple[WrongStances, ...]
    clusters: tuple[ErrorCluster, ...]

    @property
    def systems(self) -> dict[str, Metrics]:
        """Figures of the other models and of the baselines."""
        return self.others | self.baselines


@dataclass(frozen=True, slots=True)
class Report:
    """An evaluation report.

    Attributes:
        run: How it came about.
        model: The model.
        others: Other models, by name.
        data: The data.
        baseline_data: What the baselines that learn were fitted on; None if there was nothing to fit them on.
        labels: Labels of the scheme.
        scheme: The scheme as plain data, without its gazetteer.
        end_to_end: Figures from raw text: found entities, predicted stances; None if the scheme says of no entity how
            to find it.
        gold_entities: Figures with the annotated mentions given.
        swap: Swap consistency; None if the scheme has no countries.
        wrong_entities: Sentences whose entities are missed or spurious end to end.
        learning_curve: What more data brought; None if it was not given.
    """

    run: Run
    model: ModelInfo
    others: dict[str, OtherModel]
    data: DataSummary
    baseline_data: BaselineData | None
    labels: tuple[str, ...]
    scheme: dict[str, Any]
    end_to_end: SettingReport | None
    gold_entities: SettingReport
    swap: SwapConsistency | None
    wrong_entities: tuple[WrongEntities, ...]
    learning_curve: tuple[CurvePoint, ...] | None = None

    @property
    def settings(self) -> dict[str, SettingReport]:
        """Figures of the settings that there are, by the names of their fields."""
        found = {"end_to_end": self.end_to_end} if self.end_to_end else {}
        return {**found, "gold_entities": self.gold_entities}

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON data; undefined figures are None."""
        return {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **asdict(self)}
