"""Scheme files: the labels of one's own task, and the entities that it is about, in YAML or TOML.

`docs/schemes.md` shows one. All faults of a file are listed at once, each with its place.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model.errors import SchemeError
from model.scheme import NONE, Label, LabelScheme, OwnEntity
from training.gazetteer_file import find_faults, read_entities, read_gazetteer_file
from training.plain_data import FaultList, Fields

MAX_LABELS = 200
LABEL = re.compile(r"[^\W_][\w-]{0,39}")
"""Label names are column names, keys and filters too."""


def read_scheme(path: Path) -> LabelScheme:
    """Read a scheme file.

    Raises:
        SchemeError: the file is missing, of no known kind, malformed, or has faults; the message lists them as
            ``file: field: fault``.
    """
    faults = FaultList(str(path))
    fields = Fields(read_plain(path), "", faults)
    faults.stop_if_any()
    name = fields.text("name")
    labels = _labels(fields, faults)
    switches = {key: fields.switch(key) for key in ("multi_label", "directed", "none")}
    description = fields.text("description", "")
    countries, gazetteer = True, tuple[OwnEntity, ...]()
    if (entities := fields.mapping("entities")) is not None:
        countries = entities.switch("countries")
        gazetteer = _gazetteer(entities, path, faults, countries=countries)
        entities.refuse_unknown()
    fields.refuse_unknown()
    faults.stop_if_any()
    return LabelScheme(name, labels, description=description, countries=countries, gazetteer=gazetteer, **switches)


def read_plain(path: Path) -> Any:
    """Read a YAML or TOML file as plain data.

    Raises:
        SchemeError: the file cannot be read, is of another kind or is malformed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SchemeError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SchemeError(f"{path}: not UTF-8 at byte {error.start}") from None
    match path.suffix.lower():
        case ".yaml" | ".yml":
            return _read_yaml(path, text)
        case ".toml":
            try:
                return tomllib.loads(text)
            except tomllib.TOMLDecodeError as error:
                raise SchemeError(f"{path}: not TOML: {error}") from None
    raise SchemeError(f"{path}: a scheme file ends in .yaml, .yml or .toml")


def _read_yaml(path: Path, text: str) -> Any:
    import yaml  # noqa: PLC0415 - TOML needs no package

    # A loader of our own, since one that refuses a key that stands twice must not be everybody's.
    loader_class: Any = type("Loader", (yaml.SafeLoader,), {})

    def mapping(loader: Any, node: Any) -> Any:
        """Refuse a key that stands twice, of which YAML would keep the last one."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen and isinstance(key, yaml.ScalarNode):
                raise SchemeError(f"{path}:{key.start_mark.line + 1}: {key.value} stands twice")
            seen.add(str(key.value))
        return loader.construct_mapping(node, deep=True)

    loader_class.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    try:
        return yaml.load(text, loader_class)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SchemeError(f"{path}{line}: not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SchemeError(f"{path}: not YAML: {error}") from None


def _labels(fields: Fields, faults: FaultList) -> tuple[Label, ...]:
    labels: dict[str, Label] = {}
    items = fields.items("labels")
    if not items:
        faults.add("labels", "a list with at least one label is required")
    if len(items) > MAX_LABELS:
        faults.add("labels", f"at most {MAX_LABELS} are allowed, not {len(items):,}")
        return ()
    for index, item in enumerate(items):
        place = f"labels[{index}]"
        own = Fields(item if isinstance(item, Mapping) else {"name": item}, place, faults)
        name, description = own.text("name"), own.text("description", "")
        own.refuse_unknown()
        if name in labels:
            faults.add(place, f"{name!r} is a label already")
        elif name == NONE:
            faults.add(f"{place}.name", f"{NONE!r} stands for taking no label: leave it out and set none: true")
        elif name and not LABEL.fullmatch(name):
            faults.add(f"{place}.name", f"{name!r} is not made of at most 40 letters, digits, - and _")
        labels.setdefault(name, Label(name, description))
    return tuple(labels.values())


def _gazetteer(fields: Fields, path: Path, faults: FaultList, *, countries: bool) -> tuple[OwnEntity, ...]:
    given = fields.take("gazetteer", [])
    if isinstance(given, str):
        try:
            located = read_gazetteer_file(path.parent / given, read_plain, faults)
        except SchemeError as error:  # Beside what is wrong with the scheme itself.
            faults.faults.append(str(error))
            located = []
    elif isinstance(given, list):
        located = read_entities(given, "entities.gazetteer", faults)
    else:
        faults.add("entities.gazetteer", "should be a list of entities, or the name of a file beside this one")
        located = []
    types = [item for item in fields.items("types") if isinstance(item, str)]
    find_faults(located, types, faults, countries=countries)
    return tuple(entity for _, entity in located)
