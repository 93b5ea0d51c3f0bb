"""Classify composed news in one process and on a Ray cluster of several nodes on this machine, and compare.

The bare classifier is measured before and after everything else, so that a machine that gets slower shows.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.cluster.trials import Bench, Scale
from benchmarks.machine import describe_machine
from benchmarks.resilience.findings import Finding, to_markdown
from model.runtime import processors

TRIALS: dict[str, tuple[str, Callable[[Bench], list[Finding]]]] = {
    "bare": ("The classifier alone", Bench.bare),
    "single": ("One process", Bench.single),
    "cluster": ("Ray, a node for every core", Bench.cluster),
    "losses": ("Ray, an actor and a node killed", Bench.losses),
    "after": ("The classifier alone, in the end", Bench.bare),
}
LEAST_SHARE = 0.85
"""Share of the bare classifier's rate that the engines are to reach with the same cores."""

RESULTS = "cluster.json"
QUICK_SENTENCES, QUICK_BARE = 20_000, 5_000


def main() -> None:
    """Measure trial by trial; what is measured is kept at once."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sentences = options.sentences or (QUICK_SENTENCES if options.quick else 1_000_000)
    bare = QUICK_BARE if options.quick else min(sentences, 100_000)
    scale = Scale(sentences, bare, options.partition_rows or (100 if options.quick else 500), options.cores)
    options.out.mkdir(parents=True, exist_ok=True)
    bench = Bench(scale, options.out)
    bench.prepare()
    results = _read(options.out / RESULTS)
    for name in options.parts:
        sys.stdout.write(f"{name} …\n")
        sys.stdout.flush()
        started = time.monotonic()
        findings = TRIALS[name][1](bench)
        results[name] = {
            "machine": describe_machine(),
            "scale": dataclasses.asdict(scale),
            "findings": [dataclasses.asdict(finding) for finding in findings],
        }
        sys.stdout.write(f"{name}: {time.monotonic() - started:.0f} s\n")
        _write(results, options.out)
    sys.stdout.write(f"{_tables(results)}\nwritten to {options.out}\n")


def _options() -> Any:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument("--sentences", type=int, metavar="N", help="sentences of the input [1,000,000]")
    parser.add_argument("--partition-rows", type=int, metavar="N", help="documents of a partition [500]")
    parser.add_argument("--cores", type=int, default=processors(), help="cores in all [those of this process]")
    parser.add_argument("--parts", type=_parts, default=list(TRIALS), help=f"some of {','.join(TRIALS)} [all]")
    parser.add_argument("--quick", action="store_true", help="small trials, to see that they work; rough figures")
    parser.add_argument("--out", type=Path, default=Path("reports/cluster"), help="folder [reports/cluster]")
    return parser.parse_args()


def _parts(text: str) -> list[str]:
    parts = text.split(",")
    if unknown := set(parts) - set(TRIALS):
        raise argparse.ArgumentTypeError(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(TRIALS)}")
    return parts


def _read(path: Path) -> dict[str, dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _write(results: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
    """Write ``cluster.json`` and ``cluster.md``."""
    (folder / RESULTS).write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "cluster.md").write_text(_tables(results), encoding="utf-8")


def _tables(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the trials side by side, and the shares of the bare rate."""
    found = {
        TRIALS[name][0]: [Finding(**item) for item in results[name]["findings"]] for name in TRIALS if name in results
    }
    shares = to_markdown("Share of the bare rate, at the same number of cores", {"ours": _shares(results)})
    each = "\n".join(to_markdown(title, {"ours": findings}) for title, findings in found.items())
    how = {f"{item['machine']}; {item['scale']}" for item in results.values()}
    return f"{each}\n{shares}\nMeasured on {'; '.join(sorted(how))}.\n"


def _shares(results: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    rates = {
        name: next(item["value"] for item in results[name]["findings"] if item["name"] == "rate")
        for name in ("bare", "after", "single", "cluster")
        if name in results
    }
    bare = [rates[name] for name in ("bare", "after") if name in rates]
    if not bare:
        return []
    usual = sum(bare) / len(bare)
    shares = [
        Finding(TRIALS[name][0], rates[name] / usual, least=LEAST_SHARE)
        for name in ("single", "cluster")
        if name in rates
    ]
    return [*shares, Finding("bare rate in the end, against that of the beginning", bare[-1] / bare[0])]


if __name__ == "__main__":
    main()
