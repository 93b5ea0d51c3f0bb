"""The model directory: its ``config.json`` and the hashes of its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from model.errors import ModelError
from model.scheme import LabelScheme

FORMAT = 1
CONFIG_FILE = "config.json"
NETWORK_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
WEIGHTS_FILE = "model.safetensors"
REQUIRED_FILES = (NETWORK_FILE, TOKENIZER_FILE)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt scaling of one label: probability = sigmoid(slope x logit + intercept)."""

    slope: float = 1.0
    intercept: float = 0.0


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What a model directory says of itself.

    Attributes:
        name: Name of the model.
        version: Version of the model.
        base: The encoder that it was fine-tuned from.
        scheme: Its labels.
        max_tokens: Token ids that the network reads at once; longer sentences are read in windows.
        pad_id: Token id that fills short rows.
        thresholds: Per label, the probability from which an entity takes it.
        toward_thresholds: Per label, the probability from which it is aimed at another entity.
        calibration: Per label, from logits to probabilities.
        toward_calibration: The same for targets.
        files: SHA-256 of each file of the directory, as hexadecimal.
    """

    name: str
    version: str
    base: str
    scheme: LabelScheme
    max_tokens: int
    pad_id: int
    thresholds: dict[str, float]
    toward_thresholds: dict[str, float]
    calibration: dict[str, Calibration]
    toward_calibration: dict[str, Calibration]
    files: dict[str, str]

    def save(self, directory: Path) -> None:
        """Write ``config.json``."""
        data = {"format": FORMAT} | asdict(self) | {"scheme": self.scheme.to_dict()}
        (directory / CONFIG_FILE).write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> ModelConfig:
        """Read ``config.json`` and check the files that it names.

        Raises:
            ModelError: the directory, the configuration or a file is missing, malformed or not the one it should be.
        """
        if not directory.is_dir():
            raise ModelError(f"{directory}: no such model directory")
        path = directory / CONFIG_FILE
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            config = cls._from_dict(data)
        except FileNotFoundError:
            raise ModelError(f"{path}: missing; is this an entity-stance model directory?") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"{path}: malformed: {error!r}") from None
        config._check_files(directory)
        return config

    @classmethod
    def _from_dict(cls, data: Mapping[str, Any]) -> ModelConfig:
        if data.get("format") != FORMAT:
            raise ValueError(f"format is {data.get('format')!r}, this version reads {FORMAT}")
        scheme = LabelScheme.from_dict(data["scheme"])
        for key in ("thresholds", "toward_thresholds", "calibration", "toward_calibration"):
            if set(data[key]) != set(scheme.names):
                raise ValueError(f"{key} does not name the labels of the scheme")
        return cls(
            name=data["name"],
            version=data["version"],
            base=data["base"],
            scheme=scheme,
            max_tokens=int(data["max_tokens"]),
            pad_id=int(data["pad_id"]),
            thresholds={name: float(value) for name, value in data["thresholds"].items()},
            toward_thresholds={name: float(value) for name, value in data["toward_thresholds"].items()},
            calibration={name: Calibration(**value) for name, value in data["calibration"].items()},
            toward_calibration={name: Calibration(**value) for name, value in data["toward_calibration"].items()},
            files=dict(data["files"]),
        )

    def _check_files(self, directory: Path) -> None:
        """Check the files that answering needs; weights kept for training may be absent."""
        for name in REQUIRED_FILES:
            path = directory / name
            if name not in self.files:
                raise ModelError(f"{directory / CONFIG_FILE}: names no hash for {name}")
            if not path.is_file():
                raise ModelError(f"{path}: missing")
            if file_sha256(path) != self.files[name]:
                raise ModelError(
                    f"{path}: its SHA-256 is not the one in {CONFIG_FILE}; the file is damaged or exchanged"
                )


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
