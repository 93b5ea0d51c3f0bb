"""What so many sentences take: the arithmetic, the page, and that the measurement measures."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.capacity import page as pages
from benchmarks.capacity.__main__ import main
from benchmarks.capacity.page import Assumptions, cores_for, hours_on, page
from benchmarks.capacity.run import SHARES, Rate, Run
from benchmarks.capacity.workers import Workers, articles

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "capacity.md"


@pytest.fixture
def run() -> Run:
    """A run with round figures: 100 sentences a second on each of two processors that are both busy."""
    rates = [
        Rate(without, workers, [speed * 0.9, speed, speed * 1.1], [float(workers)] * 3)
        for without in SHARES
        for workers, speed in ((1, 125.0), (2, 200.0))
    ]
    model = {"name": "m", "version": "1", "sha256": "0"}
    return Run("2 processors, Some", 2, "2026-01-01", model, False, 20.0, rates, [1.0, 36.0], [150.0, 180.0])


def test_hours_and_cores_follow_from_the_rate(run: Run) -> None:
    assumed = Assumptions(efficiency=0.5)
    # 180,000 sentences a core and hour; starting takes a hundredth of an hour.
    assert hours_on(run, assumed, 1_800_000, 1) == pytest.approx(10.01)
    assert hours_on(run, assumed, 1_800_000, 5) == pytest.approx(2.01)
    assert cores_for(run, assumed, 1_800_000, 1) == 11
    assert cores_for(run, assumed, 180_000, 1.01) == 1


def test_the_page_shows_what_was_measured_and_what_follows(run: Run) -> None:
    text = page(run, Assumptions(price=2, currency="EUR", efficiency=0.5, source="a guess"))
    assert "| 50% | 125 (112–138) | 200 (180–220) | 80% | 100 | 1.00, 2.00 |" in text
    assert "50% remain when files are read, results written and work handed out: a guess." in text
    assert "36.0 s from nothing" in text and "180 MB" in text
    # 10⁶ sentences at 50 a second.
    row = next(line for line in text.splitlines() if line.startswith("| 10⁶ | 5.6 |"))
    assert row == "| 10⁶ | 5.6 | 11 | 0.7 | 0.097 | 0.021 | 0.011 |"
    assert "| 10⁸ | 556 | 1,111 |" in text and "| 10¹⁰ | 55,556 | 111,111 |" in text


def test_a_quick_run_makes_no_page(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="quick"):
        page(replace(run, quick=True), Assumptions())
    replace(run, quick=True).save(tmp_path / "run.json")
    monkeypatch.setattr("sys.argv", ["x", "--run", str(tmp_path / "run.json"), "--page", str(tmp_path / "page.md")])
    with pytest.raises(SystemExit, match="quick"):
        main()
    assert not (tmp_path / "page.md").exists()


def test_a_run_on_a_busy_machine_makes_no_page(run: Run) -> None:
    starved = [replace(rate, busy=[rate.workers * 0.7] * 3) for rate in run.rates]
    with pytest.raises(ValueError, match=r"had 1\.40 of 2 processors"):
        page(replace(run, rates=starved), Assumptions())


def test_a_page_is_written_again_with_other_assumptions(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.save(tmp_path / "run.json")
    target = tmp_path / "page.md"
    call = ["x", "--run", str(tmp_path / "run.json"), "--page", str(target), "--efficiency", "0.9"]
    monkeypatch.setattr("sys.argv", call)
    with pytest.raises(SystemExit, match="--source"):
        main()
    monkeypatch.setattr("sys.argv", [*call, "--source", "the run of May", "--price", "0.5"])
    main()
    written = Assumptions(price=0.5, efficiency=0.9, source="the run of May")
    assert target.read_text(encoding="utf-8") == page(run, written)
    assert Run.load(target.with_suffix(".json")) == run


@pytest.mark.parametrize("content", ["", "{}", '{"machine": 1}', "[]"])
def test_a_file_that_holds_no_run_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=re.escape(str(path))):
        Run.load(path)


def test_the_document_is_what_its_run_says() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    kept = DOCUMENT.with_suffix(".json")
    if not kept.exists():
        assert text == page(None, Assumptions())
        return
    run = Run.load(kept)
    # Assumptions may be others than the defaults; the measured part and the words may not.
    measured = page(run, Assumptions()).partition("## Assumed")[0]
    assert text.startswith(measured)
    assert pages._left_out() in text


def test_articles_have_the_share_that_is_asked_for_and_no_sentence_twice() -> None:
    drawn = [line for text in islice(articles(["naming."], ["silent."], 0.5, 1), 50) for line in text.splitlines()]
    assert len(set(drawn)) == len(drawn) == 1000
    assert 0.4 < sum(line.endswith("silent.") for line in drawn) / 1000 < 0.6
    only = next(articles(["naming."], [], 0.0, 1)).splitlines()
    assert all(line.endswith("naming.") for line in only)


def test_workers_read_what_they_are_told() -> None:
    workers = Workers(2)
    try:
        one, two = workers.read(1, 0.5, 0.3), workers.read(2, 1.0, 0.3)
        memory = workers.memory()
    finally:
        workers.stop()
    assert (len(one), len(two)) == (1, 2)
    assert all(reading.sentences > 0 and 0.3 <= reading.seconds < 5 for reading in (*one, *two))
    assert all(reading.processor_seconds > 0 for reading in two)
    assert len(workers.starts) == len(memory) == 2
    assert all(value > 20 for value in memory)
