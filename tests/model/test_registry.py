"""The registry knows every code that an annotation may use."""

from __future__ import annotations

import pycountry
import pytest

from model.countries.registry import all_entities, entity_info, is_known_code
from model.documents import Kind

BLOCS = ("EU", "NATO", "UN", "G7", "G20", "AFRICAN_UNION", "ARAB_LEAGUE", "ASEAN", "OPEC")


@pytest.mark.parametrize(
    ("code", "alpha3", "name", "kind"),
    [
        ("RU", "RUS", "Russia", Kind.COUNTRY),
        ("KR", "KOR", "South Korea", Kind.COUNTRY),
        ("KP", "PRK", "North Korea", Kind.COUNTRY),
        ("IR", "IRN", "Iran", Kind.COUNTRY),
        ("SY", "SYR", "Syria", Kind.COUNTRY),
        ("PS", "PSE", "Palestine", Kind.COUNTRY),
        ("TR", "TUR", "Turkey", Kind.COUNTRY),
        ("GB", "GBR", "United Kingdom", Kind.COUNTRY),
        ("US", "USA", "United States", Kind.COUNTRY),
        ("CI", "CIV", "Ivory Coast", Kind.COUNTRY),
        ("CD", "COD", "Democratic Republic of Congo", Kind.COUNTRY),
        ("TW", "TWN", "Taiwan", Kind.COUNTRY),
        ("XK", "XKX", "Kosovo", Kind.COUNTRY),
        ("SUHH", "SUN", "Soviet Union", Kind.FORMER_COUNTRY),
        ("YUCS", "YUG", "Yugoslavia", Kind.FORMER_COUNTRY),
        ("NATO", None, "NATO", Kind.BLOC),
        ("AFRICAN_UNION", None, "African Union", Kind.BLOC),
    ],
)
def test_short_names(code: str, alpha3: str | None, name: str, kind: Kind) -> None:
    info = entity_info(code)
    assert (info.code, info.alpha3, info.name, info.kind) == (code, alpha3, name, kind)


def test_every_iso_code_is_known() -> None:
    assert all(is_known_code(country.alpha_2) for country in pycountry.countries)
    assert all(is_known_code(country.alpha_4) for country in pycountry.historic_countries)
    assert {code for code, info in all_entities().items() if info.kind is Kind.BLOC} == set(BLOCS)


def test_names_are_short() -> None:
    assert not [info.name for info in all_entities().values() if ", " in info.name and info.kind is Kind.COUNTRY]


@pytest.mark.parametrize("code", ["", "ZZ", "us", "USA", "BRICS"])
def test_unknown_codes(code: str) -> None:
    assert not is_known_code(code)
    with pytest.raises(KeyError):
        entity_info(code)
