"""What the model's process says of its model, once it is loaded."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pydantic import BaseModel

from service.schemas import LabelOut, ModelOut

if TYPE_CHECKING:
    from model.classifier import StanceClassifier


class ModelInformation(BaseModel):
    """A loaded model: what it is called, and the labels that it knows."""

    model: ModelOut
    scheme: str
    labels: list[LabelOut]


def information(classifier: StanceClassifier) -> bytes:
    """Return a classifier's `ModelInformation` as JSON."""
    config = classifier.config
    labels = [
        LabelOut(
            name=label.name,
            description=label.description,
            threshold=config.thresholds[label.name],
            toward_threshold=config.toward_thresholds.get(label.name),
        )
        for label in classifier.scheme.labels
    ]
    model = ModelOut(**asdict(classifier.info))
    return ModelInformation(model=model, scheme=classifier.scheme.name, labels=labels).model_dump_json().encode()
