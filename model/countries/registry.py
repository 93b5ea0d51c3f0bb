"""The entities that exist: every ISO 3166 country, states that are gone, and blocs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pycountry
from babel import Locale

from model.countries.tables import read_rows
from model.documents import Kind


@dataclass(frozen=True, slots=True)
class EntityInfo:
    """What is known of an entity.

    Attributes:
        code: ISO 3166-1 alpha-2, ISO 3166-3 alpha-4 for a state that is gone, or a bloc's code.
        alpha3: ISO 3166-1 alpha-3 (its last one for a state that is gone); None for blocs.
        name: Short English name, as newswire writes it.
        kind: Country, former country or bloc.

    """

    code: str
    alpha3: str | None
    name: str
    kind: Kind


# Codes that are in use without being assigned by ISO 3166-1.
_USER_ASSIGNED = {"XK": "XKX"}


@cache
def all_entities() -> dict[str, EntityInfo]:
    """Return all known entities by code."""
    territories = Locale("en").territories
    own = {row["code"]: row for row in read_rows("entities.tsv")}

    def name(code: str, fallback: str) -> str:
        return own[code]["name"] if code in own else str(territories.get(code, fallback))

    entities = {
        country.alpha_2: EntityInfo(country.alpha_2, country.alpha_3, name(country.alpha_2, country.name), Kind.COUNTRY)
        for country in pycountry.countries
    }
    for code, alpha3 in _USER_ASSIGNED.items():
        entities[code] = EntityInfo(code, alpha3, name(code, code), Kind.COUNTRY)
    for country in pycountry.historic_countries:
        code = country.alpha_4
        short = country.name.split(",")[0]
        entities[code] = EntityInfo(code, country.alpha_3, name(code, short), Kind.FORMER_COUNTRY)
    for code, row in own.items():
        if row["kind"] == Kind.BLOC.value:
            entities[code] = EntityInfo(code, None, row["name"], Kind.BLOC)
    return entities


def is_known_code(code: str) -> bool:
    """Tell whether a code names a country, a state that is gone, or a bloc."""
    return code in all_entities()


def entity_info(code: str) -> EntityInfo:
    """Return what is known of an entity.

    Raises:
        KeyError: there is no such code.

    """
    return all_entities()[code]
