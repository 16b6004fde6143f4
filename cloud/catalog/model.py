"""The three files a store is described by, as values: catalogue, planogram, opening counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from biip import ParseError
from biip.checksums import gs1_standard_check_digit
from biip.gtin import Gtin

from cloud.catalog.table import Problems, Row, read_table, suggestion
from contract.ids import PositionId, Sku

CountPlace = Literal["shelf", "display", "backroom"]
PLACES: tuple[CountPlace, ...] = ("shelf", "display", "backroom")

GTIN_LENGTHS = (8, 12, 13, 14)
"""GTIN-8, -12, -13 and -14 (GS1 General Specifications, section 3.3)."""

MINOR_DIGITS: Mapping[str, int] = {
    "JPY": 0,
    "KRW": 0,
    "VND": 0,
    "CLP": 0,
    "ISK": 0,
    "BHD": 3,
    "JOD": 3,
    "KWD": 3,
    "OMR": 3,
    "TND": 3,
}
"""Digits after the point of currencies that have not two (ISO 4217)."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit costs, in its currency (ISO 4217)."""

    amount: Decimal
    currency: str

    @classmethod
    def of_minor(cls, amount_minor: int, currency: str) -> Price:
        """Return a price given in cents, fen: the currency's smallest unit."""
        return cls(Decimal(amount_minor).scaleb(-MINOR_DIGITS.get(currency, 2)), currency)


LOW_SHARE = 4
"""A position with no low_units is low at a quarter of its capacity (issue 2)."""

CATALOG_COLUMNS = ("sku", "gtin", "name")
CATALOG_OPTIONAL = (
    "name_zh", "unit", "unit_weight_g", "unit_spread_g", "price", "currency", "case_gtin", "case_units",
)  # fmt: skip
PLANOGRAM_COLUMNS = ("position", "sku", "bay", "shelf", "plates", "zones", "capacity")
PLANOGRAM_OPTIONAL = ("low_units", "valid_from", "name", "unit_weight_g")
STOCK_COLUMNS = ("place", "position", "sku", "units")


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One line of the catalogue. Weights in grams; the price in the currency's smallest unit; GTINs have 14 digits."""

    sku: Sku
    name: str
    name_zh: str
    unit: str
    unit_weight_g: float | None
    unit_spread_g: float
    gtin: str | None
    case_gtin: str | None
    case_units: int | None
    price_minor: int | None
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogLine:
    """A product as somebody finds it in the catalogue: GTINs without leading zeros, as they stand under the barcode."""

    sku: str
    name: str
    name_zh: str
    unit: str
    unit_weight_g: float | None
    gtins: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanogramPosition:
    """One place of one product; with neither plates nor zones it is an unsensed display."""

    position: PositionId
    sku: Sku
    bay: str
    shelf: str
    plates: tuple[str, ...]
    zones: tuple[str, ...]
    capacity: int
    low_units: int

    @property
    def sensed(self) -> bool:
        """Whether a scale or an antenna sees it."""
        return bool(self.plates or self.zones)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planogram:
    """Where everything stands, from a time on."""

    valid_from: datetime
    positions: tuple[PlanogramPosition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningCount:
    """Units a person counted at a place; the backroom has no position."""

    place: CountPlace
    position: str
    sku: Sku
    units: int


def read_catalog(content: bytes, file: str, *, sku_by_gtin: Mapping[str, str]) -> tuple[Product, ...]:
    """Return the products of a catalogue file; `sku_by_gtin` is what the database already knows.

    Raises ImportRefused with all problems.
    """
    problems = Problems(file)
    rows = read_table(content, problems, required=CATALOG_COLUMNS, optional=CATALOG_OPTIONAL)
    products = tuple(_product(row) for row in rows)
    _check_once(rows, [product.sku for product in products], "sku")
    _check_gtins(rows, products, sku_by_gtin)
    problems.refuse()
    return products


def read_planogram(content: bytes, file: str, *, known: Collection[str], at: datetime) -> Planogram:
    """Return the planogram of a file; `known` are the SKUs of the catalogue, `at` is what a blank valid_from means.

    Raises ImportRefused with all problems.
    """
    problems = Problems(file)
    rows = read_table(content, problems, required=PLANOGRAM_COLUMNS, optional=PLANOGRAM_OPTIONAL)
    positions = tuple(_position(row, known) for row in rows)
    _check_once(rows, [position.position for position in positions], "position")
    _check_one_shelf(rows, positions)
    valid_from = _valid_from(rows, at)
    if not rows and not problems.found:
        problems.add(1, "", "a header alone", "at least one position")
    problems.refuse()
    return Planogram(valid_from=valid_from, positions=positions)


def read_stock(
    content: bytes, file: str, *, positions: Sequence[PlanogramPosition], known: Collection[str]
) -> tuple[OpeningCount, ...]:
    """Return the counts of a file, checked against the planogram's positions and the catalogue's SKUs.

    Raises ImportRefused with all problems.
    """
    problems = Problems(file)
    rows = read_table(content, problems, required=STOCK_COLUMNS)
    standing = {position.position: position for position in positions}
    counts = tuple(_count(row, standing, known) for row in rows)
    first: dict[tuple[str, str, str], int] = {}
    for row, count in zip(rows, counts, strict=True):
        line = first.setdefault((count.place, count.position, count.sku), row.line)
        if line != row.line:
            problems.add(row.line, "position", "a second count of this place and SKU", f"one, as in line {line}")
    problems.refuse()
    return counts


def _product(row: Row) -> Product:
    weight = row.decimal("unit_weight_g", above=Decimal(0))
    spread = row.decimal("unit_spread_g", least=Decimal(0))
    price_minor, currency = _price(row)
    return Product(
        sku=Sku(row.text("sku", length_max=64)),
        name=row.text("name"),
        name_zh=row.cells.get("name_zh", ""),
        unit=row.choice("unit", ("each", "kg"), default="each"),
        unit_weight_g=None if weight is None else float(weight),
        unit_spread_g=float(spread or 0),
        gtin=_gtin(row, "gtin"),
        case_gtin=_gtin(row, "case_gtin"),
        case_units=None if row.blank("case_units") else row.whole("case_units", least=1),
        price_minor=price_minor,
        currency=currency,
    )


def _price(row: Row) -> tuple[int | None, str | None]:
    price = row.decimal("price", least=Decimal(0))
    currency = row.cells.get("currency", "")
    if price is None:
        return None, None
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        row.problem("currency", "three capital letters of ISO 4217, because there is a price")
        return None, None
    minor = price.scaleb(MINOR_DIGITS.get(currency, 2))
    if minor != minor.to_integral_value() or minor > 2_000_000_000:
        row.problem("price", f"at most {MINOR_DIGITS.get(currency, 2)} digits after the point for {currency}")
        return None, None
    return int(minor), currency


def _gtin(row: Row, column: str) -> str | None:
    """Return a GTIN as 14 digits, None when blank. The check digit is that of GS1 General Specifications 7.9.1."""
    found = row.cells.get(column, "")
    if not found:
        return None
    if not (found.isascii() and found.isdigit() and len(found) in GTIN_LENGTHS):
        row.problem(column, "8, 12, 13 or 14 digits")
        return None
    digit = gs1_standard_check_digit(found[:-1])
    if digit != int(found[-1]):
        row.problem(column, f"check digit {digit} at the end")
        return None
    try:
        return Gtin.parse(found).as_gtin_14()
    except ParseError:
        row.problem(column, "a GTIN of the GS1 number ranges")
        return None


def _check_gtins(rows: Sequence[Row], products: Sequence[Product], sku_by_gtin: Mapping[str, str]) -> None:
    owners = dict(sku_by_gtin)
    for row, product in zip(rows, products, strict=True):
        for column, gtin in (("gtin", product.gtin), ("case_gtin", product.case_gtin)):
            if gtin is None:
                continue
            owner = owners.setdefault(gtin, product.sku)
            if owner != product.sku or (column == "case_gtin" and gtin == product.gtin):
                row.problem(column, f"a GTIN of its own: SKU {owner} has this one")


def _valid_from(rows: Sequence[Row], at: datetime) -> datetime:
    """Return the one time the rows name. A cell that is no time has its problem already and is compared with none."""
    read = [(row, time) for row in rows if (time := row.time("valid_from", default=at)) is not None]
    if not read:
        return at
    first_row, first = read[0]
    for row, time in read:
        if time != first:
            row.problem("valid_from", f"{first.isoformat()}, as in line {first_row.line}: one planogram, one time")
    return first


def _position(row: Row, known: Collection[str]) -> PlanogramPosition:
    capacity = row.whole("capacity", least=1)
    low_units = row.whole("low_units", least=0, default=max(1, capacity // LOW_SHARE) if capacity > 1 else 0)
    if low_units >= capacity:
        row.problem("low_units", f"less than the capacity, {capacity}")
    return PlanogramPosition(
        position=PositionId(row.name("position")),
        sku=_known_sku(row, known),
        bay=row.name("bay"),
        shelf=row.name("shelf"),
        plates=row.names("plates"),
        zones=row.names("zones"),
        capacity=capacity,
        low_units=low_units,
    )


def _count(row: Row, standing: Mapping[PositionId, PlanogramPosition], known: Collection[str]) -> OpeningCount:
    place: CountPlace = next(place for place in PLACES if place == row.choice("place", PLACES))
    sku = _known_sku(row, known)
    position = row.cells.get("position", "")
    if place == "backroom":
        if position:
            row.problem("position", "nothing: the backroom has no positions")
    elif sku in known and place == row.cells["place"]:
        _check_standing(row, standing.get(PositionId(position)), list(standing), place, sku)
    return OpeningCount(place=place, position=position, sku=sku, units=row.whole("units", least=0))


def _check_standing(
    row: Row, found: PlanogramPosition | None, names: Sequence[str], place: CountPlace, sku: str
) -> None:
    if found is None:
        row.problem("position", "a position of the planogram" + suggestion(row.cells["position"], names))
    elif found.sku != sku:
        row.problem("sku", f"{found.sku}, which stands at {found.position}")
    elif found.sensed != (place == "shelf"):
        row.problem("place", f"{'shelf' if found.sensed else 'display'}, as {found.position} is")


def _known_sku(row: Row, known: Collection[str]) -> Sku:
    sku = row.text("sku", length_max=64)
    if sku and sku not in known:
        row.problem("sku", "a SKU of the catalogue" + suggestion(sku, list(known)))
    return Sku(sku)


def _check_once(rows: Sequence[Row], keys: Iterable[str], column: str) -> None:
    first: dict[str, int] = {}
    for row, key in zip(rows, keys, strict=True):
        line = first.setdefault(key, row.line)
        if key and line != row.line:
            row.problem(column, f"each {column} once: line {line} has it already")


def _check_one_shelf(rows: Sequence[Row], positions: Sequence[PlanogramPosition]) -> None:
    """A plate lies on one shelf: its weight is summed with its neighbours on that shelf (design section 5)."""
    shelf_of: dict[str, str] = {}
    for row, position in zip(rows, positions, strict=True):
        for plate in position.plates:
            shelf = shelf_of.setdefault(plate, position.shelf)
            if shelf != position.shelf:
                row.problem("plates", f"plates of one shelf: {plate} lies on {shelf}")
