"""`liveshelf cloud import` and `liveshelf cloud key create` on a real database: all of it, or nothing and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from database.connection import connect
from tests.integration.liveshelf.running import PREFIX, liveshelf

pytestmark = pytest.mark.database

CATALOG = "sku,gtin,name,unit_weight_g\ntea,,Tea,250\n"
PLANOGRAM = "position,sku,bay,shelf,plates,zones,capacity,low_units,valid_from\np1,{sku},b1,b1-s1,b1-s1-l1,,12,,\n"
STOCK = "place,position,sku,units\nshelf,p1,tea,8\nbackroom,,tea,6\n"


def shop(folder: Path, *, sku: str = "tea") -> list[str]:
    files = {"catalog": CATALOG, "planogram": PLANOGRAM.format(sku=sku), "stock": STOCK}
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return [word for name in files for word in (f"--{name}", str(folder / f"{name}.csv"))]


def products(url: str) -> int:
    with connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM product").fetchone()
    assert row is not None
    return int(row[0])


def test_a_shop_comes_from_three_files_and_then_has_keys(database_url: str, tmp_path: Path) -> None:
    told = liveshelf("cloud", "import", "--store", "main-street", *shop(tmp_path), LIVESHELF_DATABASE_URL=database_url)
    assert (told.returncode, told.stderr) == (0, "")
    assert [line.split()[:2] for line in told.stdout.splitlines()] == [
        ["1", "products"],
        ["1", "positions"],
        ["2", "counts"],
    ]
    key = ("cloud", "key", "create", "--name", "webshop", "--scope", "availability:read", "--store")
    assert liveshelf(*key, "main-street", LIVESHELF_DATABASE_URL=database_url).stdout.startswith("lsk_")
    mistyped = liveshelf(*key, "main-stret", LIVESHELF_DATABASE_URL=database_url)
    assert mistyped.returncode == 2
    assert f"{PREFIX}--store: found 'main-stret', expected main-street, or * for every store" in mistyped.stderr


def test_a_mistake_in_the_second_file_leaves_nothing_of_the_first(database_url: str, tmp_path: Path) -> None:
    files = shop(tmp_path, sku="coffee")
    told = liveshelf("cloud", "import", "--store", "main-street", *files, LIVESHELF_DATABASE_URL=database_url)
    assert (told.returncode, told.stdout) == (2, "")
    assert f"{tmp_path}/planogram.csv:2: column sku: found 'coffee', expected a SKU of the catalogue" in told.stderr
    assert told.stderr.endswith("nothing was imported\n")
    assert products(database_url) == 0


@pytest.mark.parametrize("wanted", ["import", "key create"])
def test_a_database_without_our_schema_is_one_sentence(empty_database_url: str, tmp_path: Path, wanted: str) -> None:
    arguments = shop(tmp_path) if wanted == "import" else ["--name", "n", "--scope", "availability:read"]
    told = liveshelf(
        "cloud", *wanted.split(), "--store", "main-street", *arguments, LIVESHELF_DATABASE_URL=empty_database_url
    )
    assert told.returncode == 2
    assert told.stderr.endswith("run `liveshelf db migrate`\n")
    assert len(told.stderr.splitlines()) == 1
