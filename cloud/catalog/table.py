"""CSV bytes in, rows and problems out: every problem knows its line and column, none stops the reading of the rest."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation

from contract.errors import ConfigurationError
from contract.ids import is_name

PROBLEMS_SHOWN_MAX = 20
"""So many problems of a file are written out; the rest are counted."""

UNITS_MAX = 1_000_000
"""No place holds more units: a larger number is a slip of the keyboard (and would not fit a smallint sum)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemAt:
    """One thing wrong in a file: where, what was found, what was expected. Line 0 means the file as a whole."""

    file: str
    line: int
    column: str
    found: str
    expected: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        where += f": column {self.column}" if self.column else ""
        return f"{where}: found {self.found}, expected {self.expected}"


class ImportRefused(ConfigurationError):
    """A file has problems, so nothing of it was imported."""

    def __init__(self, problems: Sequence[ProblemAt]) -> None:
        self.problems = tuple(problems)
        shown = [str(problem) for problem in self.problems[:PROBLEMS_SHOWN_MAX]]
        hidden = len(self.problems) - len(shown)
        if hidden:
            shown.append(f"and {hidden} more")
        super().__init__("\n".join([*shown, "nothing was imported"]))


@dataclass(slots=True)
class Problems:
    """The problems of one file, as they are found."""

    file: str
    found: list[ProblemAt] = field(default_factory=list)

    def add(self, line: int, column: str, found: str, expected: str) -> None:
        """Note one problem."""
        self.found.append(ProblemAt(file=self.file, line=line, column=column, found=found, expected=expected))

    def refuse(self) -> None:
        """Raise ImportRefused when there is any problem, in the order of lines."""
        if self.found:
            raise ImportRefused(sorted(self.found, key=lambda problem: problem.line))


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a file. Its methods return a cell as a value, or note a problem and return the default."""

    line: int
    cells: Mapping[str, str]
    problems: Problems

    def blank(self, column: str) -> bool:
        """Tell whether the file says nothing here."""
        return not self.cells.get(column, "")

    def problem(self, column: str, expected: str) -> None:
        """Note that this cell is wrong."""
        text = self.cells.get(column, "")
        self.problems.add(self.line, column, repr(text) if text else "nothing", expected)

    def text(self, column: str, *, length_max: int = 200) -> str:
        """Return a cell that must say something."""
        found = self.cells.get(column, "")
        if not 0 < len(found) <= length_max:
            self.problem(column, f"1 to {length_max} characters")
        return found

    def name(self, column: str) -> str:
        """Return the name of a store, bay, shelf or position."""
        found = self.cells.get(column, "")
        if not is_name(found):
            self.problem(column, "a name of letters, digits, '.', '_' and '-', at most 64 characters")
        return found

    def names(self, column: str) -> tuple[str, ...]:
        """Return names separated by spaces, each once."""
        found = tuple(self.cells.get(column, "").split())
        if any(not is_name(name) for name in found):
            self.problem(column, "names separated by spaces")
        elif len(set(found)) < len(found):
            self.problem(column, "each name once")
        return found

    def choice(self, column: str, allowed: Sequence[str], *, default: str = "") -> str:
        """Return a cell that is one of a few words; blank is the default, if there is one."""
        found = self.cells.get(column, "") or default
        if found not in allowed:
            self.problem(column, "one of " + ", ".join(allowed) + _meant(found, allowed))
            return allowed[0]
        return found

    def whole(self, column: str, *, least: int, default: int | None = None) -> int:
        """Return a whole number of at least `least`; blank is the default, if there is one."""
        found = self.cells.get(column, "")
        if not found and default is not None:
            return default
        value = int(found) if found.isascii() and found.lstrip("-").isdigit() and len(found) < 10 else None
        if value is None or not least <= value <= UNITS_MAX:
            self.problem(column, f"a whole number from {least} to {UNITS_MAX}")
            return max(least, 1)
        return value

    def decimal(self, column: str, *, above: Decimal | None = None, least: Decimal | None = None) -> Decimal | None:
        """Return a decimal number, or None when the cell is blank."""
        if self.blank(column):
            return None
        expected = "a decimal number with a point" + (
            f" above {above}" if above is not None else f" of at least {least}"
        )
        try:
            value = Decimal(self.cells[column])
        except InvalidOperation:
            value = Decimal("NaN")
        fits = value.is_finite() and abs(value) < Decimal("1e9")
        if not fits or (above is not None and value <= above) or (least is not None and value < least):
            self.problem(column, expected)
            return None
        return value

    def time(self, column: str, *, default: datetime) -> datetime | None:
        """Return a time with its offset from UTC; blank is the default, None is a problem noted."""
        if self.blank(column):
            return default
        try:
            value = datetime.fromisoformat(self.cells[column])
        except ValueError:
            value = default.replace(tzinfo=None)
        if value.tzinfo is None:
            self.problem(column, "a time with its offset, such as 2026-01-31T06:00:00Z")
            return None
        return value


def read_table(
    content: bytes, problems: Problems, *, required: Sequence[str], optional: Sequence[str] = ()
) -> list[Row]:
    """Return the records of a CSV file in UTF-8 with a header line; blank lines are skipped.

    What cannot be read is noted in `problems`, and rows that have the right number of cells are returned all the same.
    """
    text = _decoded(content, problems)
    if text is None:
        return []
    records = _records(text, problems)
    header = next(records, None)
    if header is None:
        if not problems.found:
            problems.add(1, "", "an empty file", "a header line with " + ", ".join(required))
        return []
    line, cells = header
    columns = [cell.strip().lower() for cell in cells]
    if not _header_fits(line, columns, problems, required=required, optional=optional):
        return []
    return [Row(at, cells, problems) for at, cells in _named(records, columns, problems)]


def _decoded(content: bytes, problems: Problems) -> str | None:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        byte = error.start - (before.rfind(b"\n") + 1) + 1
        problems.add(line, "", f"byte 0x{content[error.start]:02x} at place {byte} of the line", "text in UTF-8")
        return None


def _records(text: str, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line it starts on; a quoted cell may span lines."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            problems.add(line, "", f"a line that is not CSV ({error})", "cells separated by commas, quotes closed")
            return
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _header_fits(
    line: int, columns: list[str], problems: Problems, *, required: Sequence[str], optional: Sequence[str]
) -> bool:
    known = [*required, *optional]
    unknown = [column for column in columns if column not in known]
    missing = [column for column in required if column not in columns]
    for column in sorted({column for column in columns if columns.count(column) > 1}):
        problems.add(line, column, "this column twice", "each column once")
    for column in missing:
        problems.add(line, column, "no such column", f"a column {column}" + _typed(column, unknown))
    for column in unknown:
        if not difflib.get_close_matches(column, missing, n=1):
            absent = [name for name in known if name not in columns]
            problems.add(
                line, column or "(unnamed)", "an unknown column", "one of " + ", ".join(known) + _meant(column, absent)
            )
    return not problems.found


def _named(
    records: Iterator[tuple[int, list[str]]], columns: list[str], problems: Problems
) -> Iterator[tuple[int, dict[str, str]]]:
    for line, cells in records:
        if len(cells) == len(columns):
            yield line, dict(zip(columns, (cell.strip() for cell in cells), strict=True))
        else:
            problems.add(line, "", f"{len(cells)} cells", f"{len(columns)}, as the header has")


def _meant(found: str, candidates: Sequence[str]) -> str:
    close = difflib.get_close_matches(found, candidates, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _typed(wanted: str, found: Sequence[str]) -> str:
    close = difflib.get_close_matches(wanted, found, n=1)
    return f"; is {close[0]} meant to be it?" if close else ""


def suggestion(found: str, known: Sequence[str]) -> str:
    """Return `; did you mean X?` when a known name is close to the one found, else nothing."""
    return _meant(found, known)
