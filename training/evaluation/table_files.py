"""Tables as files: CSV to compute with, LaTeX (booktabs) to print."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from training.evaluation.bootstrap import Estimate
from training.evaluation.tables import Cell, Table

LONG = 35
"""Rows from which a table may go on on the next page; one with long texts always may."""
WIDE = 30
"""Characters from which a column of text is broken into lines."""
DOCUMENT = r"""% All tables of the report. In a paper: \usepackage{array,booktabs,longtable} and \input those wanted.
\documentclass[9pt]{extarticle}
\usepackage[T1]{fontenc}
\usepackage{textcomp}
\usepackage[landscape,margin=1cm]{geometry}
\usepackage{array,booktabs,longtable}
\setlength{\tabcolsep}{3pt}
\begin{document}
%s
\end{document}
"""
PLAIN = {"→": "->", "–": "--", "—": "---", "−": "-", "…": "...", "‘": "'", "’": "'", "“": '"', "”": '"', "×": "x"}
"""Signs that classic LaTeX has not in every font, as others that say the same."""
LATIN = range(0xA0, 0x180)
"""Letters that its standard fonts have."""


def write_tables(tables: Sequence[Table], folder: Path) -> None:
    """Write ``NAME.csv`` and ``NAME.tex`` for each table, and ``tables.tex``, a document of them all.

    The folder is made if it is missing; tables of an older report in it are removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("*.csv"), *folder.glob("*.tex")):
        old.unlink()
    for table in tables:
        csv_frame(table).to_csv(folder / f"{table.name}.csv", index=False)
        (folder / f"{table.name}.tex").write_text(latex(table), encoding="utf-8")
    inputs = "\n".join(rf"\input{{{table.name}.tex}}" + "\n" + r"\clearpage" for table in tables)
    (folder / "tables.tex").write_text(DOCUMENT.replace("%s", inputs), encoding="utf-8")


def csv_frame(table: Table) -> pd.DataFrame:
    """Return a table with every interval as two columns of its own, ``… low`` and ``… high``."""
    names: list[str] = []
    columns: list[list[str | int | float | None]] = []
    for place, name in enumerate(table.columns):
        cells = [row[place] for row in table.rows]
        if any(isinstance(cell, Estimate) for cell in cells):
            names += [name, f"{name} low", f"{name} high"]
            columns += [list(column) for column in zip(*map(_parts, cells), strict=True)]
        else:
            names.append(name)
            columns.append([_harmless(cell) for cell in cells])
    frame = pd.DataFrame(list(zip(*columns, strict=True)), dtype=object)
    frame.columns = names
    return frame


def _parts(cell: Cell) -> tuple[str | int | float | None, ...]:
    return (cell.value, cell.low, cell.high) if isinstance(cell, Estimate) else (cell, None, None)


def _harmless(cell: Cell) -> str | int | float | None:
    """Return a cell that a spreadsheet does not take for a formula."""
    if isinstance(cell, Estimate):
        return cell.value
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def latex(table: Table) -> str:
    r"""Return a table for ``\input``; long ones may break over pages, for which they need the package longtable."""
    texts = [[plain(shown(cell)) for cell in row] for row in table.rows]
    heads = [plain(column) for column in table.columns]
    frame = pd.DataFrame(texts, columns=heads, dtype=object)
    formats = list(_formats(table))
    long = len(texts) >= LONG or any(len(kind) > 1 for kind in formats)
    drawn: str = frame.to_latex(
        index=False,
        escape=True,
        longtable=long,
        column_format="".join(formats),
        caption=_escape(plain(table.caption)),
        label=f"tab:{table.name}",
        position=None if long else "htbp",
    )
    return drawn


def _formats(table: Table) -> Iterator[str]:
    """Yield the alignment of each column: numbers right, short texts left, long ones in lines of a fixed width."""
    cells = [[row[place] for row in table.rows] for place in range(len(table.columns))]
    texts = [any(isinstance(cell, str) for cell in column) for column in cells]
    long = [text and max(len(shown(cell)) for cell in column) > WIDE for text, column in zip(texts, cells, strict=True)]
    width = 0.5 / max(1, sum(long))
    for is_text, is_long in zip(texts, long, strict=True):
        yield rf">{{\raggedright\arraybackslash}}p{{{width:.2f}\linewidth}}" if is_long else "l" if is_text else "r"


def shown(cell: Cell) -> str:
    """Return a cell as it is printed: numbers with three decimals, ``0.812 (0.764–0.851)``, a dash for nothing."""
    match cell:
        case Estimate(value=value, low=low, high=high):
            if value is None:
                return "–"
            return f"{value:.3f}" if low is None or high is None else f"{value:.3f} ({low:.3f} to {high:.3f})"
        case None:
            return "–"
        case float():
            return f"{cell:.4f}" if 0 < cell < 0.001 else f"{cell:.3f}"
        case int():
            return f"{cell:,}"
    return cell


def plain(text: str) -> str:
    """Return a text in signs that every LaTeX can print; any other one by its code point, such as ``[U+0416]``."""
    return "".join(map(_plain_sign, " ".join(text.split())))


def _plain_sign(sign: str) -> str:
    if sign in PLAIN:
        return PLAIN[sign]
    if sign.isascii():
        return sign if sign.isprintable() else ""
    if ord(sign) in LATIN and unicodedata.category(sign).startswith("L"):
        return sign
    simple = unicodedata.normalize("NFKD", sign)
    simple = "".join(part for part in simple if part.isascii() and part.isprintable())
    return simple or f"[U+{ord(sign):04X}]"


def _escape(text: str) -> str:
    """Escape what `pandas` leaves to its caller: the caption."""
    escapes: dict[str, str | int | None] = {
        **{sign: rf"\{sign}" for sign in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
    }
    return text.translate(str.maketrans(escapes))
