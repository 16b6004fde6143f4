"""The files that describe a store: every problem with its line and column, and nothing guessed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.catalog.model import read_catalog, read_planogram, read_stock
from cloud.catalog.table import ImportRefused, ProblemAt

AT = datetime(2026, 1, 1, tzinfo=UTC)
PLANOGRAM = "position,sku,bay,shelf,plates,zones,capacity,low_units\n"
STOCK = "place,position,sku,units\n"


def _catalog(text: str | bytes) -> list[str]:
    content = text if isinstance(text, bytes) else text.encode()
    try:
        read_catalog(content, "c.csv", sku_by_gtin={})
    except ImportRefused as refused:
        return [str(problem) for problem in refused.problems]
    return []


def _planogram(rows: str) -> list[str]:
    try:
        read_planogram((PLANOGRAM + rows).encode(), "p.csv", known={"tea", "gum"}, at=AT)
    except ImportRefused as refused:
        return [str(problem) for problem in refused.problems]
    return []


def _stock(rows: str) -> list[str]:
    shelves = "p1,tea,b1,s1,l1,,12,\nd1,gum,b1,s1,,,30,\n"
    planogram = read_planogram((PLANOGRAM + shelves).encode(), "p.csv", known={"tea", "gum"}, at=AT)
    try:
        read_stock((STOCK + rows).encode(), "s.csv", positions=planogram.positions, known={"tea", "gum"})
    except ImportRefused as refused:
        return [str(problem) for problem in refused.problems]
    return []


def test_a_good_catalogue_is_read_as_written() -> None:
    text = (
        "\ufeffsku,gtin,name,name_zh,unit,unit_weight_g,unit_spread_g,price,currency,case_gtin,case_units\r\n"
        'tea,9521234567899,"Tea, ""green""",茶,each,520.5,3,3.50,EUR,,6\r\n\r\nrice,,Rice,,kg,,,1200,JPY,,\r\n'
    )
    tea, rice = read_catalog(text.encode(), "c.csv", sku_by_gtin={})
    assert (tea.name, tea.gtin, tea.unit_weight_g, tea.price_minor) == ('Tea, "green"', "09521234567899", 520.5, 350)
    assert (rice.unit, rice.unit_weight_g, rice.price_minor, rice.case_units) == ("kg", None, 1200, None)


@pytest.mark.parametrize(
    ("text", "where", "found", "expected"),
    [
        ("sku,gtin,name\na,9521234567890,A\n", "c.csv:2: column gtin", "'9521234567890'", "check digit 9 at the end"),
        ("sku,gtin,name\na,95212,A\n", "c.csv:2: column gtin", "'95212'", "8, 12, 13 or 14 digits"),
        (
            "sku,gtin,name,unit_weight_g\na,,A,-5\n",
            "c.csv:2: column unit_weight_g",
            "'-5'",
            "a decimal number with a point above 0",
        ),
        (
            "sku,gtin,name,unit_weight_g\na,,A,5;2\n",
            "c.csv:2: column unit_weight_g",
            "'5;2'",
            "a decimal number with a point above 0",
        ),
        (
            "sku,gtin,name,unit_weight_g\na,,A,nan\n",
            "c.csv:2: column unit_weight_g",
            "'nan'",
            "a decimal number with a point above 0",
        ),
        (
            "sku,gtin,name,price,currency\na,,A,1.005,EUR\n",
            "c.csv:2: column price",
            "'1.005'",
            "at most 2 digits after the point for EUR",
        ),
        (
            "sku,gtin,name,price\na,,A,1\n",
            "c.csv:2: column currency",
            "nothing",
            "three capital letters of ISO 4217, because there is a price",
        ),
        ("sku,gtin,name,unit\na,,A,eech\n", "c.csv:2: column unit", "'eech'", "one of each, kg; did you mean each?"),
        ("sku,gtin,name\na,,A\na,,B\n", "c.csv:3: column sku", "'a'", "each sku once: line 2 has it already"),
        (
            "sku,gtin,name\na,9521234567899,A\nb,9521234567899,B\n",
            "c.csv:3: column gtin",
            "'9521234567899'",
            "a GTIN of its own: SKU a has this one",
        ),
        ("sku,gtin,name\na,,\n", "c.csv:2: column name", "nothing", "1 to 200 characters"),
        ("sku,gtin,name\na,A\n", "c.csv:2", "2 cells", "3, as the header has"),
        ("sku,gtin,nam\na,,A\n", "c.csv:1: column name", "no such column", "a column name; is nam meant to be it?"),
        ("", "c.csv:1", "an empty file", "a header line with sku, gtin, name"),
        (
            'sku,gtin,name\nc,,"C\n',
            "c.csv:2",
            "a line that is not CSV (unexpected end of data)",
            "cells separated by commas, quotes closed",
        ),
        (b"sku,gtin,name\na,,caf\xe9\n", "c.csv:2", "byte 0xe9 at place 7 of the line", "text in UTF-8"),
        ("sku,gtin,name,sku\na,,A,b\n", "c.csv:1: column sku", "this column twice", "each column once"),
    ],
)
def test_a_problem_is_named_by_file_line_and_column(text: str | bytes, where: str, found: str, expected: str) -> None:
    assert _catalog(text) == [f"{where}: found {found}, expected {expected}"]


def test_a_column_nobody_reads_is_not_passed_over() -> None:
    (problem,) = _catalog("sku,gtin,name,unit_wieght_g\na,,A,5\n")
    assert problem.startswith("c.csv:1: column unit_wieght_g: found an unknown column")
    assert problem.endswith("did you mean unit_weight_g?")


def test_a_cell_that_spans_lines_does_not_shift_the_lines_after_it() -> None:
    assert _catalog('sku,gtin,name\na,,"two\nlines"\nb,1,B\n') == [
        "c.csv:4: column gtin: found '1', expected 8, 12, 13 or 14 digits"
    ]


def test_all_problems_are_found_and_twenty_are_told() -> None:
    text = "sku,gtin,name\n" + "".join(f"s{number},1,N\n" for number in range(30))
    with pytest.raises(ImportRefused) as refused:
        read_catalog(text.encode(), "c.csv", sku_by_gtin={})
    assert len(refused.value.problems) == 30
    assert str(refused.value).splitlines()[-2:] == ["and 10 more", "nothing was imported"]


def test_a_position_with_no_low_units_is_low_at_a_quarter() -> None:
    planogram = read_planogram((PLANOGRAM + "p1,tea,b1,s1,l1 l2,z1,12,\n").encode(), "p", known={"tea"}, at=AT)
    (position,) = planogram.positions
    assert (position.low_units, position.plates, position.zones, position.sensed) == (3, ("l1", "l2"), ("z1",), True)
    assert planogram.valid_from == AT


@pytest.mark.parametrize(
    ("rows", "where", "found", "expected"),
    [
        ("p1,teaa,b1,s1,l1,,12,\n", "p.csv:2: column sku", "'teaa'", "a SKU of the catalogue; did you mean tea?"),
        (
            "p1,tea,b1,s1,l1,,12,\np1,gum,b1,s1,l2,,12,\n",
            "p.csv:3: column position",
            "'p1'",
            "each position once: line 2 has it already",
        ),
        ("p1,tea,b1,s1,l1,,0,0\n", "p.csv:2: column capacity", "'0'", "a whole number from 1 to 1000000"),
        ("p1,tea,b1,s1,l1,,12,12\n", "p.csv:2: column low_units", "'12'", "less than the capacity, 12"),
        (
            "p/1,tea,b1,s1,l1,,12,\n",
            "p.csv:2: column position",
            "'p/1'",
            "a name of letters, digits, '.', '_' and '-', at most 64 characters",
        ),
        (
            "p1,tea,b1,s1,l1,,12,\np2,gum,b1,s2,l1,,12,\n",
            "p.csv:3: column plates",
            "'l1'",
            "plates of one shelf: l1 lies on s1",
        ),
        ("", "p.csv:1", "a header alone", "at least one position"),
    ],
)
def test_a_problem_of_a_planogram_is_named(rows: str, where: str, found: str, expected: str) -> None:
    assert [one for one in _planogram(rows) if "low_units: found '0'" not in one] == [
        f"{where}: found {found}, expected {expected}"
    ]


DATED = "position,sku,bay,shelf,plates,zones,capacity,valid_from\n"
SOON, LATER = "2026-02-01T06:00:00Z", "2026-03-01T06:00:00Z"


@pytest.mark.parametrize(("first", "second", "line"), [(SOON, "tomorrow", 3), ("tomorrow", SOON, 2)])
def test_a_time_that_is_none_is_one_problem_and_no_other_time_is_measured_by_it(
    first: str, second: str, line: int
) -> None:
    rows = f"p1,tea,b1,s1,l1,,12,{first}\np2,gum,b1,s1,l2,,12,{second}\n"
    with pytest.raises(ImportRefused) as refused:
        read_planogram((DATED + rows).encode(), "p.csv", known={"tea", "gum"}, at=AT)
    (problem,) = map(str, refused.value.problems)
    assert problem.startswith(f"p.csv:{line}: column valid_from: found 'tomorrow', expected a time with its offset")


def test_a_planogram_holds_from_one_time_on() -> None:
    rows = f"p1,tea,b1,s1,l1,,12,{SOON}\np2,gum,b1,s1,l2,,12,{LATER}\n"
    with pytest.raises(ImportRefused, match="as in line 2: one planogram, one time") as refused:
        read_planogram((DATED + rows).encode(), "p.csv", known={"tea", "gum"}, at=AT)
    assert [problem.line for problem in refused.value.problems] == [3]


def test_a_problem_of_a_file_as_a_whole_names_no_line() -> None:
    problem = ProblemAt(file="nope.csv", line=0, column="", found="no such file", expected="a file to read")
    assert str(problem) == "nope.csv: found no such file, expected a file to read"


@pytest.mark.parametrize(
    ("rows", "where", "found", "expected"),
    [
        ("shelf,p11,tea,4\n", "s.csv:2: column position", "'p11'", "a position of the planogram; did you mean p1?"),
        ("shelf,p1,gum,4\n", "s.csv:2: column sku", "'gum'", "tea, which stands at p1"),
        ("shelf,d1,gum,4\n", "s.csv:2: column place", "'shelf'", "display, as d1 is"),
        ("backroom,p1,tea,4\n", "s.csv:2: column position", "'p1'", "nothing: the backroom has no positions"),
        ("shelf,p1,tea,-1\n", "s.csv:2: column units", "'-1'", "a whole number from 0 to 1000000"),
        (
            "shelf,p1,tea,1\nshelf,p1,tea,2\n",
            "s.csv:3: column position",
            "a second count of this place and SKU",
            "one, as in line 2",
        ),
    ],
)
def test_a_problem_of_the_counts_is_named(rows: str, where: str, found: str, expected: str) -> None:
    assert _stock(rows) == [f"{where}: found {found}, expected {expected}"]


@given(st.binary(max_size=300) | st.text('sku,gtinamep"\n\r0123456789é-.', max_size=200).map(str.encode))
def test_no_file_breaks_the_reader(content: bytes) -> None:
    for header in (b"", b"sku,gtin,name\n"):
        try:
            read_catalog(header + content, "c.csv", sku_by_gtin={})
        except ImportRefused as refused:
            assert refused.problems
