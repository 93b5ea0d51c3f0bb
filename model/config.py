"""The model directory: its ``config.json`` and the hashes of its files."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from model.directory import find_file, read_hashes
from model.errors import ModelError
from model.scheme import LabelScheme, gazetteer_data, read_gazetteer

FORMAT = 1
CONFIG_FILE = "config.json"
NETWORK_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
GAZETTEER_FILE = "gazetteer.json"
"""The entities of the scheme's own, where it has any."""
WEIGHTS_FILE = "model.safetensors"
REQUIRED_FILES = (NETWORK_FILE, TOKENIZER_FILE)
FEWEST_TOKENS, MOST_TOKENS = 8, 65_536
"""What a network may read at once: room for a word between special tokens, and less than takes all memory."""


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
        data = {"format": FORMAT} | asdict(self) | {"scheme": self.scheme.to_dict(gazetteer=False)}
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
            data = json.loads(find_file(directory, CONFIG_FILE).read_text(encoding="utf-8"))
            config = cls._from_dict(data)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ModelError(f"{path}: malformed: {error!r}") from None
        config._check_files(directory)
        return config._with_gazetteer(directory)

    @classmethod
    def _from_dict(cls, data: Mapping[str, Any]) -> ModelConfig:
        if data.get("format") != FORMAT:
            raise ValueError(f"format is {data.get('format')!r}, this version reads {FORMAT}")
        scheme = LabelScheme.from_dict(data["scheme"])
        for key in ("thresholds", "toward_thresholds", "calibration", "toward_calibration"):
            if set(data[key]) != set(scheme.names):
                raise ValueError(f"{key} does not name the labels of the scheme")
        return cls(
            name=_text(data, "name"),
            version=_text(data, "version"),
            base=_text(data, "base"),
            scheme=scheme,
            max_tokens=_whole(data, "max_tokens", FEWEST_TOKENS, MOST_TOKENS),
            pad_id=_whole(data, "pad_id", 0, 2**31 - 1),
            thresholds=_shares(data, "thresholds"),
            toward_thresholds=_shares(data, "toward_thresholds"),
            calibration=_calibrations(data, "calibration"),
            toward_calibration=_calibrations(data, "toward_calibration"),
            files=read_hashes(data["files"]),
        )

    def _with_gazetteer(self, directory: Path) -> ModelConfig:
        """Return the configuration with the entities of the directory's gazetteer, if there is one."""
        if GAZETTEER_FILE not in self.files:
            return self
        try:
            data = json.loads(find_file(directory, GAZETTEER_FILE).read_text(encoding="utf-8"))
            return replace(self, scheme=replace(self.scheme, gazetteer=read_gazetteer(data)))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ModelError(f"{directory / GAZETTEER_FILE}: malformed: {error!r}") from None

    def _check_files(self, directory: Path) -> None:
        """Check the files that answering needs; weights kept for training may be absent."""
        needed = (*REQUIRED_FILES, GAZETTEER_FILE) if GAZETTEER_FILE in self.files else REQUIRED_FILES
        for name in needed:
            if name not in self.files:
                raise ModelError(f"{directory / CONFIG_FILE}: names no hash for {name}")
            if file_sha256(find_file(directory, name)) != self.files[name]:
                raise ModelError(
                    f"{directory / name}: its SHA-256 is not the one in {CONFIG_FILE}; the file is damaged or exchanged"
                )


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data[key]
    if not isinstance(value, str):
        raise ValueError(f"{key} is no text: {value!r}")
    return value


def _whole(data: Mapping[str, Any], key: str, least: int, most: int) -> int:
    value = data[key]
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{key} is no whole number from {least:,} to {most:,}: {value!r}")
    return value


def _number(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{place} is no finite number: {value!r}")
    return float(value)


def _shares(data: Mapping[str, Any], key: str) -> dict[str, float]:
    shares = {name: _number(value, f"{key}.{name}") for name, value in data[key].items()}
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise ValueError(f"{key}.{name} is no probability: {share!r}")
    return shares


def _calibrations(data: Mapping[str, Any], key: str) -> dict[str, Calibration]:
    return {
        name: Calibration(**{part: _number(number, f"{key}.{name}.{part}") for part, number in value.items()})
        for name, value in data[key].items()
    }


def save_gazetteer(scheme: LabelScheme, directory: Path) -> None:
    """Write the gazetteer of a scheme, if it has one, into a model directory; its hash belongs into ``files``."""
    if scheme.gazetteer:
        text = json.dumps(gazetteer_data(scheme.gazetteer), indent=1, ensure_ascii=False)
        (directory / GAZETTEER_FILE).write_text(text + "\n", encoding="utf-8")
