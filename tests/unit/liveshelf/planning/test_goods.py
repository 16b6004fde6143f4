"""What stands where, as the planogram and the catalogue say."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.errors import ConfigurationError
from liveshelf.planning.files import read_goods

CATALOG = "sku,gtin,name,unit,unit_weight_g,unit_spread_g\ntea,,Tea,,250,4\ngum,,Gum,each,30,\nrice,,Rice,kg,,\n"
HEADER = "position,sku,bay,shelf,plates,zones,capacity\n"


def files(folder: Path, rows: str, catalog: str = CATALOG) -> tuple[Path, Path]:
    planogram_path, catalog_path = folder / "planogram.csv", folder / "catalog.csv"
    planogram_path.write_text(HEADER + rows, encoding="utf-8")
    catalog_path.write_text(catalog, encoding="utf-8")
    return planogram_path, catalog_path


def test_goods_come_in_the_order_of_the_shelf_not_of_the_file(tmp_path: Path) -> None:
    rows = "s1-p10,tea,b1,s1,l10,,12\ns1-p2,gum,b1,s1,l2,,12\n"
    assert [one.position for one in read_goods(*files(tmp_path, rows))] == ["s1-p2", "s1-p10"]


def test_spread_not_in_the_catalogue_is_that_of_ordinary_goods(tmp_path: Path) -> None:
    tea, gum = read_goods(*files(tmp_path, "p1,tea,b1,s1,l1,,12\np2,gum,b1,s1,l2,,12\n"))
    assert (tea.weight_g, tea.spread_g) == (250.0, 4.0)
    assert gum.spread_g == pytest.approx(0.0115 * 30.0)


def test_goods_by_the_kilogram_load_a_plate_and_are_not_counted(tmp_path: Path) -> None:
    (rice,) = read_goods(*files(tmp_path, "p1,rice,b1,s1,l1,,8\n"))
    assert (rice.full_g, rice.by_unit) == (8_000.0, False)


def test_a_wrong_cell_is_named_with_file_line_column_and_what_was_expected(tmp_path: Path) -> None:
    planogram, catalog = files(tmp_path, "p1,tae,b1,s1,l1,,12\np2,gum,b1,s1,l2,,many\n")
    with pytest.raises(ConfigurationError) as raised:
        read_goods(planogram, catalog)
    first, second = str(raised.value).splitlines()
    assert first == f"{planogram}:2: column sku: found 'tae', expected a SKU of the catalogue; did you mean tea?"
    assert second.startswith(f"{planogram}:3: column capacity: found 'many', expected a whole number")


def test_many_problems_are_counted_and_nothing_is_said_of_an_import(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_goods(*files(tmp_path, "".join(f"p{row},tae,b1,s1,,,12\n" for row in range(30))))
    assert str(raised.value).endswith("\nand 10 more")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    planogram, _ = files(tmp_path, "")
    with pytest.raises(ConfigurationError, match=r"nowhere\.csv: found no such file or directory, expected a file"):
        read_goods(planogram, tmp_path / "nowhere.csv")
