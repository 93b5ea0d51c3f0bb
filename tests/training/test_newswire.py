"""What the shipped model reaches on real newswire; skipped where that is not at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.evaluation import Options, Report
from training.evaluation.run import evaluate

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def report(newswire_dev: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    options = Options(resamples=100, swap_draws=1, texts=False)
    return evaluate(None, [newswire_dev], tmp_path_factory.mktemp("report"), options=options)


def test_entities_are_found(report: Report) -> None:
    found = report.end_to_end.model.found_entities
    assert found is not None
    assert found.f1.value >= 0.97


def test_stances_are_found_end_to_end(report: Report) -> None:
    assert report.end_to_end.model.macro_f1.value >= 0.6


def test_swapping_countries_swaps_the_stances_and_nothing_else(report: Report) -> None:
    assert report.swap.swapped > 500
    assert report.swap.network == 1
    assert report.swap.end_to_end == 1
    assert report.swap.score_difference == 0
