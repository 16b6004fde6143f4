"""Read what a replay needs: planogram, catalogue and recordings from CSV, every mistake with its place in the file."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from contract.errors import ConfigurationError
from contract.ids import PlateId, PositionId, ShelfId, Sku, is_name
from gateway.model import PositionModel

PLANOGRAM_COLUMNS = ("position", "sku", "bay", "shelf", "plates")
CATALOG_COLUMNS = ("sku", "unit_weight_g")

CAPACITY_UNKNOWN = 30
"""How many units may fit where the planogram does not say; only how large a refill is called one hangs on it."""

ERRORS_MAX = 20
"""So many mistakes of one file are told at once."""

CLOCK_STEP_S = 1.0
"""A recorder's clock may be set back by so much (real recordings step back by milliseconds when the clock is
disciplined); such a sample counts as taken at the time before it. More is lines out of order."""

PLAUSIBLE_UNIX_S = 253_402_300_799.0
"""The end of the year 9999: a larger time is in milliseconds or worse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The recorded weights of one plate: unix seconds and grams, in step, in order of time."""

    plate: PlateId
    times_s: Sequence[float]
    weights_g: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The positions of a planogram, with the weight of a unit."""

    positions: tuple[PositionModel, ...]

    def notices(self, recordings: Sequence[Recording]) -> list[str]:
        """Return what a person should know: plates no position names, and positions whose plates were not recorded."""
        named = {plate for place in self.positions for plate in place.plates}
        recorded = {recording.plate for recording in recordings}
        notices = [f"plate {plate}: no position names it; it gives no event" for plate in sorted(recorded - named)]
        notices += [
            f"position {place.position}: no recording of {', '.join(missing)}; it gives no event"
            for place in self.positions
            if (missing := sorted(set(place.plates) - recorded))
        ]
        return notices


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One line of a CSV: the cells by our names for the columns."""

    path: Path
    line: int
    cells: Mapping[str, str]
    theirs: Mapping[str, str]

    def mistake(self, column: str, found: str, expected: str) -> str:
        return f"{self.path}, line {self.line}, column {self.theirs.get(column, column)}: found {found}, {expected}"

    def text(self, column: str) -> str:
        found = self.cells.get(column, "")
        if not found:
            raise ConfigurationError(self.mistake(column, "nothing", f"expected a {column}"))
        return found

    def name(self, column: str) -> str:
        found = self.text(column)
        if not is_name(found):
            expected = "expected letters, digits, dot, dash or underscore, at most 64"
            raise ConfigurationError(self.mistake(column, repr(found), expected))
        return found

    def number(self, column: str, expected: str) -> float | None:
        """Return a number above 0, or None where the cell is blank or the column absent."""
        found = self.cells.get(column, "")
        if not found:
            return None
        number = _number(found)
        if number is None or number <= 0:
            raise ConfigurationError(self.mistake(column, repr(found), f"expected {expected}"))
        return number


def read_plan(planogram: Path, *, catalog: Path | None, columns: Sequence[str]) -> Plan:
    """Return the planogram's positions. Raises ConfigurationError naming file, line, column and what was expected."""
    renamed = dict(_renaming(column) for column in columns)
    products = {} if catalog is None else _read_catalog(catalog, renamed)
    rows = list(_rows(planogram, PLANOGRAM_COLUMNS, renamed))
    if not rows:
        raise ConfigurationError(f"{planogram}: found no position, expected a line for each")
    positions, mistakes = [], []
    seen: dict[str, int] = {}
    shelves: dict[str, tuple[str, str]] = {}
    for row in rows:
        try:
            place = _position(row, products if catalog is not None else None)
            _check_alone(row, place, seen, shelves)
            positions.append(place)
        except ConfigurationError as error:
            mistakes.append(str(error))
    _raise(mistakes)
    return Plan(positions=tuple(positions))


def read_recordings(files: Sequence[Path]) -> list[Recording]:
    """Return the recordings; the plate is the file's name without its ending. Raises ConfigurationError likewise."""
    recordings, mistakes = [], []
    first: dict[str, Path] = {}
    for path in files:
        try:
            if path.stem in first:
                mistakes.append(f"{path}: plate {path.stem} is recorded in {first[path.stem]} already")
            else:
                first[path.stem] = path
                recordings.append(_read_recording(path))
        except ConfigurationError as error:
            mistakes.append(str(error))
    _raise(mistakes)
    return recordings


def _renaming(column: str) -> tuple[str, str]:
    theirs, sign, ours = column.partition("=")
    known = (*PLANOGRAM_COLUMNS, "name", "capacity", "unit_weight_g", "unit_spread_g")
    if not sign or ours.strip() not in known:
        raise ConfigurationError(f"--column: found {column!r}, expected THEIR=OURS, OURS one of {', '.join(known)}")
    return theirs.strip(), ours.strip()


def _read_catalog(path: Path, renamed: Mapping[str, str]) -> dict[str, _Row]:
    products: dict[str, _Row] = {}
    mistakes = []
    for row in _rows(path, CATALOG_COLUMNS, renamed):
        try:
            sku = row.text("sku")
            row.number("unit_weight_g", "grams above 0")
            row.number("unit_spread_g", "grams above 0")
            if sku in products:
                mistakes.append(row.mistake("sku", repr(sku), f"expected it once, line {products[sku].line} has it"))
            products.setdefault(sku, row)
        except ConfigurationError as error:
            mistakes.append(str(error))
    _raise(mistakes)
    return products


def _position(row: _Row, products: Mapping[str, _Row] | None) -> PositionModel:
    sku = row.text("sku")
    product = None if products is None else products.get(sku)
    weight_g = row.number("unit_weight_g", "grams above 0")
    if weight_g is None and products is not None and product is None:
        raise ConfigurationError(row.mistake("sku", repr(sku), "expected a sku of the catalogue"))
    if weight_g is None and product is not None:
        weight_g = product.number("unit_weight_g", "grams above 0")
    plates = tuple(row.cells.get("plates", "").split())
    bad = next((plate for plate in plates if not is_name(plate)), None)
    if bad is not None:
        raise ConfigurationError(row.mistake("plates", repr(bad), "expected plate ids separated by spaces"))
    if plates and weight_g is None:
        expected = "expected grams above 0 (here, or in a --catalog)"
        raise ConfigurationError(row.mistake("unit_weight_g", "nothing", expected))
    spread_g = product.number("unit_spread_g", "grams above 0") if product is not None else None
    return PositionModel(
        position=PositionId(row.name("position")),
        sku=Sku(sku),
        bay=row.name("bay"),
        shelf=ShelfId(row.name("shelf")),
        plates=tuple(PlateId(plate) for plate in plates),
        zones=(),
        capacity=round(row.number("capacity", "units above 0") or CAPACITY_UNKNOWN) or 1,
        unit_weight_g=weight_g,
        unit_spread_g=spread_g or 0.0,
    )


def _check_alone(row: _Row, place: PositionModel, seen: dict[str, int], shelves: dict[str, tuple[str, str]]) -> None:
    """A position stands once in a planogram, and a plate lies on one shelf."""
    if place.position in seen:
        expected = f"expected it once, line {seen[place.position]} has it"
        raise ConfigurationError(row.mistake("position", repr(str(place.position)), expected))
    seen[place.position] = row.line
    here = (place.bay, place.shelf)
    for plate in place.plates:
        there = shelves.setdefault(plate, here)
        if there != here:
            expected = f"expected it on one shelf, it is on shelf {there[1]} of bay {there[0]} already"
            raise ConfigurationError(row.mistake("plates", repr(str(plate)), expected))


def _rows(path: Path, needed: Sequence[str], renamed: Mapping[str, str]) -> Iterator[_Row]:
    """Yield the lines of a CSV with a heading; blank lines are skipped, cells are stripped."""
    lines = csv.reader(_text(path).splitlines(), strict=True)
    try:
        heading = [cell.strip() for cell in next(lines, [])]
        names = [renamed.get(cell, cell) for cell in heading]
        _check_heading(path, names, needed)
        theirs = dict(zip(names, heading, strict=True))
        for cells in lines:
            if any(cell.strip() for cell in cells):
                if len(cells) != len(names):
                    expected = f"found {len(cells)} cells, expected {len(names)} as in the heading"
                    raise ConfigurationError(f"{path}, line {lines.line_num}: {expected}")
                found = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
                yield _Row(path=path, line=lines.line_num, cells=found, theirs=theirs)
    except csv.Error as error:
        raise ConfigurationError(f"{path}, line {lines.line_num}: {error}, expected comma-separated cells") from error


def _check_heading(path: Path, names: Sequence[str], needed: Sequence[str]) -> None:
    missing = [name for name in needed if name not in names]
    if missing:
        found = ", ".join(names) or "nothing"
        advice = "--column THEIR=OURS renames"
        raise ConfigurationError(f"{path}, line 1: found columns {found}, expected also {', '.join(missing)}; {advice}")
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise ConfigurationError(f"{path}, line 1: found column {twice} twice, expected it once")


def _read_recording(path: Path) -> Recording:
    if not is_name(path.stem):
        expected = "expected letters, digits, dot, dash or underscore: it is the plate's id"
        raise ConfigurationError(f"{path}: found file name {path.stem!r}, {expected}")
    times_s, weights_g = array("d"), array("d")
    mistakes: list[str] = []
    for line, text in enumerate(_text(path).splitlines(), start=1):
        if text.strip():
            sample = _sample(path, line, text, mistakes)
            if sample is not None:
                latest_s = times_s[-1] if times_s else sample[0]
                if sample[0] < latest_s - CLOCK_STEP_S:
                    expected = f"expected no earlier than {latest_s!r}, the time before it"
                    mistakes.append(f"{path}, line {line}, column unix_seconds: found {sample[0]!r}, {expected}")
                times_s.append(max(sample[0], latest_s))
                weights_g.append(sample[1])
        if len(mistakes) > ERRORS_MAX:
            break
    _raise(mistakes)
    if not times_s:
        raise ConfigurationError(f"{path}: found no sample, expected lines unix_seconds,grams")
    return Recording(plate=PlateId(path.stem), times_s=times_s, weights_g=weights_g)


def _sample(path: Path, line: int, text: str, mistakes: list[str]) -> tuple[float, float] | None:
    cells = text.split(",")
    if len(cells) != 2:
        mistakes.append(f"{path}, line {line}: found {len(cells)} cells, expected two, unix_seconds,grams")
        return None
    time_s, weight_g = _number(cells[0]), _number(cells[1])
    if time_s is None or not 0 <= time_s <= PLAUSIBLE_UNIX_S:
        expected = "expected seconds since 1970"
        mistakes.append(f"{path}, line {line}, column unix_seconds: found {cells[0].strip()!r}, {expected}")
        return None
    if weight_g is None or abs(weight_g) > 1e7:
        mistakes.append(f"{path}, line {line}, column grams: found {cells[1].strip()!r}, expected a weight in grams")
        return None
    return time_s, weight_g


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror or error}, expected a file that can be read") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: found byte {error.start} not UTF-8, expected CSV text in UTF-8") from error


def _raise(mistakes: Sequence[str]) -> None:
    if not mistakes:
        return
    more = [f"and {len(mistakes) - ERRORS_MAX} more"] if len(mistakes) > ERRORS_MAX else []
    raise ConfigurationError("\n".join([*mistakes[:ERRORS_MAX], *more]))
