"""Country, stance and time: the tables, made by DuckDB, which keeps on the disk what memory does not hold.

A share's interval is Wilson's at 95%, with the number of sentences that independent ones would have to be for the same
precision. Sentences of one document resemble each other, so counting each for itself would make intervals too narrow,
and a bootstrap over documents, which resampling would need for each of many thousand cells, is uncertain just where
most cells lie, at counts of none or a few. The effective number is the one at which the binomial variance is the
share's variance between documents (the linearised variance of a ratio of cluster totals); it is not above the number
of sentences, nor below what it would be if all sentences of a document said the same (Kish), and is this where fewer
than `FEW_DOCUMENTS` documents, or a share of 0 or 1, leave no variance to estimate.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Self

import duckdb

from service.trends.source import Source

Z = 1.959963984540054
"""Standard normal quantile of a two-sided interval of 95%."""

FEW_DOCUMENTS = 10
"""Documents below which the variance between them is not estimated."""

STANCES = "stances_over_time"
RELATIONS = "relations_over_time"


class By(StrEnum):
    """Length of a period; weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class Tables:
    """The tables of one source, in a database of their own."""

    def __init__(self, source: Source, by: By, countries: frozenset[str] | None = None) -> None:
        """Count.

        Args:
            source: The rows.
            by: Length of the periods.
            countries: Codes of the countries (of relations, the sources) to count; None for all.
        """
        self._database = duckdb.connect()
        self._database.execute("SET enable_progress_bar = false")
        self._database.register("parts", source.dataset)
        self._labels = source.labels
        self._make_rows(source, by, countries)
        self._count_documents()
        self._count_stances()
        self._count_relations()

    def __enter__(self) -> Self:
        """Return them."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the database."""
        self._database.close()

    def fetch(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Return the rows of a query by the names of their columns."""
        answer = self._database.execute(query, list(values))
        names = [column[0] for column in answer.description or ()]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def save(self, table: str, path: str) -> None:
        """Write a table as CSV or Parquet, by the name of the file.

        Raises:
            OSError: it cannot be written.
        """
        options = "FORMAT parquet, COMPRESSION zstd" if path.endswith(".parquet") else "FORMAT csv, HEADER"
        try:
            self._database.execute(f"COPY {table} TO {_text(path)} ({options})")
        except duckdb.IOException as error:
            raise OSError(f"{path}: {' '.join(str(error).split())}") from None

    def _make_rows(self, source: Source, by: By, countries: frozenset[str] | None) -> None:
        """Define the rows with their period, and a number or name that tells documents apart."""
        period = f"date_trunc('{by}', date)::DATE" if source.dated else "NULL::DATE"
        # Ids may stand twice; where a document stands in the input does not.
        document = "(partition::BIGINT << 40) + row" if source.placed else "document"
        chosen = "" if countries is None else f"WHERE code IN ({', '.join(map(_text, sorted(countries)))})"
        self._database.execute(
            f"CREATE VIEW entries AS SELECT {document} AS document, sentence, code, name, stance, score, toward, "
            f"{period} AS period FROM parts {chosen}"
        )

    def _count_documents(self) -> None:
        """Count, for every country and document, the sentences that mention it and those with each stance."""
        self._database.execute(
            "CREATE TEMP TABLE by_document AS SELECT code, min(name) AS name, period, document, "
            "count(DISTINCT sentence) AS mentions FROM entries GROUP BY code, period, document"
        )
        self._database.execute(
            "CREATE TEMP TABLE taken AS SELECT code, period, document, stance, count(DISTINCT sentence) AS sentences "
            "FROM entries WHERE stance IS NOT NULL GROUP BY code, period, document, stance"
        )
        self._database.execute(f"""
            CREATE TEMP TABLE stance_by_document AS
            SELECT held.*, label.stance, coalesce(taken.sentences, 0) AS sentences
            FROM by_document held
            CROSS JOIN (SELECT unnest([{", ".join(map(_text, self._labels))}]::VARCHAR[]) AS stance) label
            LEFT JOIN taken ON held.code = taken.code AND held.document = taken.document
                AND held.period IS NOT DISTINCT FROM taken.period AND label.stance = taken.stance
        """)

    def _count_stances(self) -> None:
        self._database.execute(f"""
            CREATE TEMP TABLE {STANCES} AS
            SELECT code AS country, name, stance, period, sentences, documents, mentions,
                share, {_interval("share", "effective")}
            FROM ({
            _effective(f'''
                SELECT code, min(name) AS name, stance, period,
                    sum(sentences)::BIGINT AS sentences,
                    count(*) FILTER (sentences > 0) AS documents,
                    sum(mentions)::BIGINT AS mentions,
                    {_moments("sentences", "mentions")}
                FROM stance_by_document GROUP BY code, stance, period
            ''')
        })
            ORDER BY country, {_order("stance", self._labels)}, period NULLS LAST
        """)

    def _count_relations(self) -> None:
        """Count who takes which stance toward whom; the share is that of the sentences in which they take it."""
        self._database.execute("""
            CREATE TEMP TABLE relation_by_document AS
            SELECT code, stance, aim.code AS target, period, document,
                count(DISTINCT sentence) AS sentences, sum(score * aim.score) AS weight, count(*) AS aims
            FROM (SELECT code, stance, period, document, sentence, score, unnest(toward) AS aim FROM entries)
            GROUP BY code, stance, target, period, document
        """)
        self._database.execute(f"""
            CREATE TEMP TABLE {RELATIONS} AS
            SELECT code AS source, stance, target, period, sentences, documents, mentions AS stance_sentences,
                share, {_interval("share", "effective")}, round(weight / aims, 4) AS score
            FROM ({
            _effective('''
                SELECT pair.code, pair.stance, pair.target, pair.period, pair.sentences, pair.documents,
                    pair.weight, pair.aims, base.mentions, base.clusters, base.mm,
                    pair.sentences AS y, base.mentions AS m, pair.yy, pair.ym
                FROM (
                    SELECT one.code, one.stance, one.target, one.period, sum(one.sentences)::BIGINT AS sentences,
                        count(*) AS documents, sum(one.weight) AS weight, sum(one.aims) AS aims,
                        sum(one.sentences::DOUBLE * one.sentences) AS yy,
                        sum(one.sentences::DOUBLE * held.sentences) AS ym
                    FROM relation_by_document one JOIN stance_by_document held
                        ON one.code = held.code AND one.stance = held.stance AND one.document = held.document
                        AND one.period IS NOT DISTINCT FROM held.period
                    GROUP BY one.code, one.stance, one.target, one.period
                ) pair JOIN (
                    SELECT code, stance, period, sum(sentences)::BIGINT AS mentions, count(*) AS clusters,
                        sum(sentences::DOUBLE * sentences) AS mm
                    FROM stance_by_document WHERE sentences > 0 GROUP BY code, stance, period
                ) base
                    ON pair.code = base.code AND pair.stance = base.stance
                    AND pair.period IS NOT DISTINCT FROM base.period
            ''')
        })
            ORDER BY source, {_order("stance", self._labels)}, target, period NULLS LAST
        """)


def _moments(hits: str, size: str) -> str:
    """Return the sums over documents on which the variance of a share of totals depends."""
    return (
        f"count(*) AS clusters, sum({hits}) AS y, sum({size}) AS m, sum({hits}::DOUBLE * {hits}) AS yy, "
        f"sum({hits}::DOUBLE * {size}) AS ym, sum({size}::DOUBLE * {size}) AS mm"
    )


def _effective(sums: str) -> str:
    """Return a query that adds the share and the effective number of sentences to one with its moments."""
    return f"""
        SELECT *, CASE
            WHEN clusters < {FEW_DOCUMENTS} OR share IN (0, 1) OR variance <= 0 THEN m * m / mm
            ELSE least(m, greatest(m * m / mm, share * (1 - share) / variance)) END AS effective
        FROM (
            SELECT *, clusters / (clusters - 1.0) * (yy - 2 * share * ym + share * share * mm) / (m * m) AS variance
            FROM (SELECT *, y::DOUBLE / m AS share FROM ({sums}))
        )
    """


def _interval(share: str, number: str) -> str:
    """Return the columns with Wilson's interval."""
    centre = f"({share} + {Z * Z / 2} / {number})"
    half = f"({Z} * sqrt({share} * (1 - {share}) / {number} + {Z * Z / 4} / ({number} * {number})))"
    whole = f"(1 + {Z * Z} / {number})"
    return f"greatest(0, ({centre} - {half}) / {whole}) AS low, least(1, ({centre} + {half}) / {whole}) AS high"


def _order(column: str, values: Iterable[str]) -> str:
    return f"list_position([{', '.join(map(_text, values))}]::VARCHAR[], {column})"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
