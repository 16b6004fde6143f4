"""A file with a problem imports nothing; a good one is told to gateway and ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.catalog.service import import_catalog, import_planogram, import_stock
from cloud.catalog.table import ImportRefused
from tests.integration.cloud.shop import STORE, Shop

pytestmark = pytest.mark.database


def _file(folder: Path, text: str) -> Path:
    path = folder / "file.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_opening_counts_are_evidence_and_stand_in_the_books(shop: Shop) -> None:
    assert shop.places("tea") == {"shelf": 8, "backroom": 6}
    assert shop.places("gum") == {"display": 10}
    assert shop.rows("SELECT count(*) FROM manual_count") == [(3,)]
    assert shop.rows("SELECT DISTINCT left(source, 6) FROM stock_ledger") == [("count:",)]
    assert shop.rows("SELECT version FROM evidence_version") == [(3,)]


def test_counts_imported_again_move_nothing(shop: Shop, tmp_path: Path) -> None:
    moves = shop.rows("SELECT count(*) FROM stock_ledger")
    import_stock(shop.connection, STORE, tmp_path / "stock.csv", at=shop.clock.now())
    assert shop.rows("SELECT count(*) FROM stock_ledger") == moves


def test_two_displays_of_a_product_are_added_up(shop: Shop, tmp_path: Path) -> None:
    header = "position,sku,bay,shelf,plates,zones,capacity\n"
    planogram = _file(tmp_path, header + "d-gum,gum,b1,b1-s2,,,30\nd2-gum,gum,b1,b1-s3,,,30\n")
    import_planogram(shop.connection, STORE, planogram, at=shop.clock.now())
    counts = _file(tmp_path, "place,position,sku,units\ndisplay,d-gum,gum,9\ndisplay,d2-gum,gum,5\n")
    import_stock(shop.connection, STORE, counts, at=shop.clock.now())
    assert shop.places("gum") == {"display": 14}


def test_a_catalogue_with_one_bad_line_imports_nothing(shop: Shop, tmp_path: Path) -> None:
    before = shop.rows("SELECT count(*), (SELECT version FROM evidence_version) FROM product")
    path = _file(tmp_path, "sku,gtin,name\nnew,,Good\nworse,9521234567890,Bad\n")
    with pytest.raises(ImportRefused, match=r"file.csv:3: column gtin: found '9521234567890', expected check digit 9"):
        import_catalog(shop.connection, path, store=STORE, at=shop.clock.now())
    assert shop.rows("SELECT count(*), (SELECT version FROM evidence_version) FROM product") == before


def test_a_gtin_another_product_has_in_the_database_is_refused(shop: Shop, tmp_path: Path) -> None:
    path = _file(tmp_path, "sku,gtin,name\nnew,9521234567899,Other tea\n")
    with pytest.raises(ImportRefused, match="SKU tea has this one"):
        import_catalog(shop.connection, path, store=STORE, at=shop.clock.now())


def test_a_planogram_of_an_unknown_product_is_refused_with_the_likely_one(shop: Shop, tmp_path: Path) -> None:
    path = _file(tmp_path, "position,sku,bay,shelf,plates,zones,capacity\np1,teaa,b1,s1,l1,,12\n")
    with pytest.raises(ImportRefused, match=r"file.csv:2: column sku: .*did you mean tea\?"):
        import_planogram(shop.connection, STORE, path, at=shop.clock.now())


def test_a_file_that_is_not_there_is_one_sentence(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="no such file"):
        import_stock(shop.connection, STORE, tmp_path / "none.csv", at=shop.clock.now())
