"""What the storage asks of the loaded model: its labels and from which probability on it takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from model.scheme import LabelScheme
from service.gateway import Gateway


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that answers at present.

    Attributes:
        sha256: Hash of its weights.
        scheme: Its labels.
        thresholds: Per label, the probability from which it is taken; empty where labels exclude each other.
    """

    sha256: str
    scheme: LabelScheme
    thresholds: dict[str, float]


def loaded_model(state: Any) -> LoadedModel:
    """Return the model that an application has loaded, in this process or in one of its own.

    Args:
        state: The application's state.

    Raises:
        ProblemError: 503, there is none at present.
    """
    gateway: Gateway = state.gateway
    information = gateway.information
    thresholds = {item.name: item.threshold for item in information.labels if item.threshold is not None}
    return LoadedModel(information.model.sha256, information.label_scheme, thresholds)
