"""What the model's process says of its model, once it is loaded."""

from __future__ import annotations

from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import BaseModel

from model.scheme import Label, LabelScheme, OwnEntity
from service.schemas import LabelOut, ModelOut, SchemeOut

if TYPE_CHECKING:
    from model.classifier import StanceClassifier


class OwnEntityOut(BaseModel):
    """An entity of the model's own gazetteer."""

    code: str
    name: str
    type: str


class ModelInformation(SchemeOut):
    """A loaded model: what it is called, the labels that it knows, and the entities of its own."""

    model: ModelOut
    entities: list[OwnEntityOut]

    @cached_property
    def label_scheme(self) -> LabelScheme:
        """What annotations are checked against; of its own entities only the names are known as forms."""
        return LabelScheme(
            name=self.scheme,
            labels=tuple(Label(item.name, item.description) for item in self.labels),
            multi_label=self.multi_label,
            directed=self.directed,
            none=self.none,
            description=self.description,
            countries=self.countries,
            gazetteer=tuple(OwnEntity(item.code, item.name, item.type, (item.name,)) for item in self.entities),
        )


def information(classifier: StanceClassifier) -> bytes:
    """Return a classifier's `ModelInformation` as JSON."""
    config, scheme = classifier.config, classifier.scheme
    labels = [
        LabelOut(
            name=label.name,
            description=label.description,
            threshold=config.thresholds[label.name] if scheme.multi_label else None,
            toward_threshold=config.toward_thresholds[label.name] if scheme.directed else None,
        )
        for label in scheme.labels
    ]
    said = ModelInformation(
        model=ModelOut(**asdict(classifier.info)),
        scheme=scheme.name,
        description=scheme.description,
        labels=labels,
        multi_label=scheme.multi_label,
        none=scheme.none,
        directed=scheme.directed,
        countries=scheme.countries,
        types=list(scheme.types),
        entities=[OwnEntityOut(code=item.code, name=item.name, type=item.type) for item in scheme.gazetteer],
    )
    return said.model_dump_json().encode()
