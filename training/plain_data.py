"""Reading plain data, as YAML and TOML give it, with a fault for everything that is not what it should be."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, overload

from model.errors import SchemeError

FAULTS_SHOWN = 20
REQUIRED = object()


class FaultList:
    """Collects what is wrong with a file."""

    def __init__(self, file: str) -> None:
        """Name the file whose faults they are."""
        self.file = file
        self.faults: list[str] = []

    def add(self, place: str, reason: str) -> None:
        """Add a fault at a place of the file."""
        self.at(f"{self.file}: {place}" if place else self.file, reason)

    def at(self, location: str, reason: str) -> None:
        """Add a fault at a location that names its file already."""
        self.faults.append(f"{location}: {reason}")

    def stop_if_any(self) -> None:
        """Refuse the file if it has faults.

        Raises:
            SchemeError: it has; the message lists the first of them.
        """
        more = len(self.faults) - FAULTS_SHOWN
        if self.faults:
            shown = self.faults[:FAULTS_SHOWN] + ([f"… and {more} more faults"] if more > 0 else [])
            raise SchemeError("\n".join(shown))


class Fields:
    """The fields of a mapping, each asked for once; what nobody asked for is unknown."""

    def __init__(self, data: Any, place: str, faults: FaultList) -> None:
        """Take a mapping, and where it stands; anything else is a fault."""
        self._place, self._faults = place, faults
        if not isinstance(data, Mapping):
            faults.add(place, f"should be a mapping of fields, not {_shown(data)}")
        self._data: Mapping[Any, Any] = data if isinstance(data, Mapping) else {}
        self._valid = isinstance(data, Mapping)
        self._asked: list[str] = []

    def take(self, key: str, default: Any = None) -> Any:
        """Return a field as it is; where it is missing or empty, the default."""
        self._asked.append(key)
        value = self._data.get(key)
        return default if value is None else value

    @overload
    def text(self, key: str) -> str: ...
    @overload
    def text(self, key: str, default: str) -> str: ...
    def text(self, key: str, default: Any = REQUIRED) -> str:
        """Return a field that holds text, without space around it; a fault unless it does."""
        value = self.take(key)
        if value is None and default is not REQUIRED:
            return str(default)
        if value is None:
            if self._valid:
                self._fault(key, "is required")
        elif not isinstance(value, str):
            self._fault(key, f"should be text, not {_shown(value)}; put it in quotes")
        elif not value.strip():
            self._fault(key, "is empty")
        else:
            return value.strip()
        return ""

    def switch(self, key: str) -> bool:
        """Return a field that is true or false; where it is missing, true."""
        value = self.take(key, True)
        if not isinstance(value, bool):
            self._fault(key, f"should be true or false, not {_shown(value)}")
        return value is not False

    def items(self, key: str) -> list[Any]:
        """Return a field that is a list; where it is missing, an empty one."""
        value = self.take(key, [])
        if not isinstance(value, list):
            self._fault(key, f"should be a list, not {_shown(value)}")
            return []
        return value

    def mapping(self, key: str) -> Fields | None:
        """Return a field that is a mapping; None where it is missing."""
        value = self.take(key)
        return None if value is None else Fields(value, self._path(key), self._faults)

    def refuse_unknown(self) -> None:
        """Add a fault for every field that was not asked for."""
        for key in self._data:
            if key not in self._asked:
                near = get_close_matches(str(key), self._asked, 1)
                known = f"did you mean {near[0]}?" if near else f"the fields are {', '.join(self._asked)}"
                self._fault(str(key), f"unknown field; {known}")

    def _fault(self, key: str, reason: str) -> None:
        self._faults.add(self._path(key), reason)

    def _path(self, key: str) -> str:
        return f"{self._place}.{key}" if self._place else key


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return f"{value!r}" if isinstance(value, str | int | float | bool) else f"a {type(value).__name__}"
