"""Try our server and LitServe around our network in every way that goes wrong, and write what was found."""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from benchmarks.resilience import disconnects, overload, poison, shutdown, slow, soak
from benchmarks.resilience.findings import Finding, to_markdown
from benchmarks.resilience.scale import FULL, QUICK, Scale
from benchmarks.resilience.servers import CONTENDERS, Contender

PARTS: dict[str, tuple[str, Callable[[Contender, Scale], list[Finding]]]] = {
    "poison": ("A poisonous item", poison.measure),
    "disconnects": ("Clients that leave", disconnects.measure),
    "overload": ("Overload", overload.measure),
    "shutdown": ("Shutdown, and loss of the model's process", shutdown.measure),
    "slow": ("Slow connections", slow.measure),
    "soak": ("Memory in the long run", soak.measure),
}
RESULTS = "resilience.json"


def main() -> None:
    """Measure part by part; what is measured is kept at once."""
    options = _options()
    # Servers are ended on the way out, also when somebody ends the measurement.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    scale = dataclasses.replace(QUICK if options.quick else FULL)
    if options.soak is not None:
        scale = dataclasses.replace(scale, soak_sentences=options.soak)
    options.out.mkdir(parents=True, exist_ok=True)
    results = _read(options.out / RESULTS)
    failed = []
    for part in options.parts:
        for name in [options.only] if options.only else CONTENDERS:
            if options.resume and name in results.get(part, {}):
                continue
            try:
                found = _measure(part, name, scale)
            except Exception:
                # The other parts take hours, and what failed can be repeated alone.
                traceback.print_exc()
                failed.append(f"{part} of {name}")
                continue
            results.setdefault(part, {})[name] = {
                "machine": describe_machine(),
                "quick": options.quick,
                "findings": [dataclasses.asdict(finding) for finding in found],
            }
            _write(results, options.out)
        if part in results:
            sys.stdout.write(_table(part, results[part]) + "\n")
    sys.stdout.write(f"written to {options.out}\n")
    if failed:
        sys.exit(f"not measured: {', '.join(failed)}")


def _options() -> Any:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.resilience", description=__doc__)
    parser.add_argument("--parts", type=_parts, default=list(PARTS), help=f"some of {','.join(PARTS)} [all]")
    parser.add_argument("--only", choices=list(CONTENDERS), help="one of the servers [both]")
    parser.add_argument("--quick", action="store_true", help="small trials, to see that they work; rough figures")
    parser.add_argument("--soak", type=int, metavar="N", help=f"sentences of the soak [{FULL.soak_sentences:,}]")
    parser.add_argument("--resume", action="store_true", help="leave out what the folder already holds")
    parser.add_argument("--out", type=Path, default=Path("reports/resilience"), help="folder [reports/resilience]")
    return parser.parse_args()


def _parts(text: str) -> list[str]:
    parts = text.split(",")
    if unknown := set(parts) - set(PARTS):
        raise argparse.ArgumentTypeError(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return parts


def _measure(part: str, name: str, scale: Scale) -> list[Finding]:
    sys.stdout.write(f"{part}: {name} …\n")
    sys.stdout.flush()
    started = time.monotonic()
    found = PARTS[part][1](CONTENDERS[name], scale)
    sys.stdout.write(f"{part}: {name}, {time.monotonic() - started:.0f} s\n")
    return found


def _read(path: Path) -> dict[str, dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _write(results: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
    """Write ``resilience.json`` and ``resilience.md``."""
    text = json.dumps(results, indent=2, ensure_ascii=False)
    (folder / RESULTS).write_text(text + "\n", encoding="utf-8")
    tables = [_table(part, results[part]) for part in PARTS if part in results]
    (folder / "resilience.md").write_text("\n".join(tables), encoding="utf-8")


def _table(part: str, of_part: Mapping[str, Any]) -> str:
    """Return a part's table, and on what it was measured."""
    ordered = {name: of_part[name] for name in CONTENDERS if name in of_part}
    found = {name: [Finding(**item) for item in measured["findings"]] for name, measured in ordered.items()}
    how = {f"{measured['machine']}{', quick' if measured['quick'] else ''}" for measured in ordered.values()}
    return f"{to_markdown(PARTS[part][0], found)}\nMeasured on {'; '.join(sorted(how))}.\n"


if __name__ == "__main__":
    main()
