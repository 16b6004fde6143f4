"""Mistakes in the files of a replay are named by file, line, column and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.errors import ConfigurationError
from liveshelf.replay_input import read_plan, read_recordings

HEADING = "position,sku,bay,shelf,plates,unit_weight_g\n"


def planogram(folder: Path, *lines: str, heading: str = HEADING) -> Path:
    path = folder / "planogram.csv"
    path.write_text(heading + "".join(f"{line}\n" for line in lines))
    return path


def recording(folder: Path, *lines: str, name: str = "l1.csv") -> Path:
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_a_planogram_is_read_with_plates_and_unit_weights(tmp_path: Path) -> None:
    (place,) = read_plan(planogram(tmp_path, "p1,COLA,b1,s1,l1 l2,330.5"), catalog=None, columns=[]).positions
    assert (place.position, place.sku, place.bay, place.shelf) == ("p1", "COLA", "b1", "s1")
    assert (place.plates, place.unit_weight_g) == (("l1", "l2"), 330.5)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("p1,COLA,b1,s1,l1,-3", "line 2, column unit_weight_g: found '-3', expected grams above 0"),
        ("p1,COLA,b1,s1,l1,heavy", "line 2, column unit_weight_g: found 'heavy', expected grams above 0"),
        ("p1,COLA,b1,s1,l1,", "line 2, column unit_weight_g: found nothing, expected grams above 0"),
        ("p1,,b1,s1,l1,330", "line 2, column sku: found nothing, expected a sku"),
        ("p 1,COLA,b1,s1,l1,330", "line 2, column position: found 'p 1', expected letters"),
        ("p1,COLA,b1,s1,l#,330", "line 2, column plates: found 'l#', expected plate ids"),
        ("p1,COLA,b1,s1,l1", "line 2: found 5 cells, expected 6"),
    ],
)
def test_a_wrong_cell_of_a_planogram_is_named(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_plan(planogram(tmp_path, line), catalog=None, columns=[])
    assert said in str(raised.value)
    assert "planogram.csv" in str(raised.value)


def test_all_wrong_lines_are_told_at_once(tmp_path: Path) -> None:
    path = planogram(tmp_path, "p1,COLA,b1,s1,l1,330", "p1,TEA,b1,s1,l2,90", "p3,TEA,b1,s2,l1,90")
    with pytest.raises(ConfigurationError) as raised:
        read_plan(path, catalog=None, columns=[])
    first, second = str(raised.value).splitlines()
    assert "line 3, column position: found 'p1', expected it once, line 2 has it" in first
    assert "line 4, column plates: found 'l1', expected it on one shelf" in second


def test_missing_columns_are_named_with_the_way_to_rename_them(tmp_path: Path) -> None:
    path = planogram(tmp_path, "p1,COLA,b1,s1,l1", heading="place,sku,bay,shelf,plates\n")
    with pytest.raises(ConfigurationError, match=r"expected also position; --column THEIR=OURS"):
        read_plan(path, catalog=None, columns=[])
    with pytest.raises(ConfigurationError, match="unit_weight_g"):
        read_plan(path, catalog=None, columns=["place=position"])


@pytest.mark.parametrize("column", ["position", "place=where", "=position=x"])
def test_a_column_option_that_says_nothing_is_refused(tmp_path: Path, column: str) -> None:
    with pytest.raises(ConfigurationError, match="expected THEIR=OURS"):
        read_plan(planogram(tmp_path, "p1,COLA,b1,s1,l1,330"), catalog=None, columns=[column])


def test_a_catalogue_of_its_own_gives_the_unit_weights(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.csv"
    catalog.write_text("sku,name,unit_weight_g,unit_spread_g\nCOLA,Cola,330,2.5\n")
    path = planogram(tmp_path, "p1,COLA,b1,s1,l1", heading="position,sku,bay,shelf,plates\n")
    (place,) = read_plan(path, catalog=catalog, columns=[]).positions
    assert (place.unit_weight_g, place.unit_spread_g) == (330.0, 2.5)


def test_a_sku_the_catalogue_does_not_have_is_named(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.csv"
    catalog.write_text("sku,unit_weight_g\nCOLA,330\n")
    path = planogram(tmp_path, "p1,KOLA,b1,s1,l1,")
    with pytest.raises(ConfigurationError, match="line 2, column sku: found 'KOLA', expected a sku of the catalogue"):
        read_plan(path, catalog=catalog, columns=[])


def test_a_recording_is_read_and_named_after_its_file(tmp_path: Path) -> None:
    (read,) = read_recordings([recording(tmp_path, "1580250245.5,12.5", "", "1580250245.6,13")])
    assert (read.plate, list(read.times_s), list(read.weights_g)) == ("l1", [1580250245.5, 1580250245.6], [12.5, 13.0])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("time,grams",), "line 1, column unix_seconds: found 'time', expected seconds since 1970"),
        (("1.0,2.0", "2.0,x"), "line 2, column grams: found 'x', expected a weight in grams"),
        (("1.0,2.0", "2.0,nan"), "line 2, column grams: found 'nan', expected a weight in grams"),
        (("1580250245000,2.0",), "line 1, column unix_seconds: found '1580250245000', expected seconds since 1970"),
        (("1.0",), "line 1: found 1 cells, expected two, unix_seconds,grams"),
        (("9.0,1.0", "3.0,1.0"), "line 2, column unix_seconds: found 3.0, expected no earlier than 9.0"),
        ((), "found no sample, expected lines unix_seconds,grams"),
    ],
)
def test_a_wrong_line_of_a_recording_is_named(tmp_path: Path, lines: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_recordings([recording(tmp_path, *lines)])
    assert said in str(raised.value)
    assert "l1.csv" in str(raised.value)


def test_a_recorders_clock_that_is_set_back_by_milliseconds_is_no_mistake(tmp_path: Path) -> None:
    (read,) = read_recordings([recording(tmp_path, "9.0,1.0", "8.995,2.0")])
    assert list(read.times_s) == [9.0, 9.0]


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "l2.csv").write_bytes(b"\xff\xfe1,2\n")
    with pytest.raises(ConfigurationError) as raised:
        read_recordings([tmp_path / "l9.csv", tmp_path / "l2.csv"])
    missing, unreadable = str(raised.value).splitlines()
    assert "l9.csv: No such file or directory" in missing
    assert "not UTF-8" in unreadable


def test_a_plate_recorded_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    files = [recording(tmp_path, "1.0,2.0"), recording(tmp_path / "other", "1.0,2.0")]
    with pytest.raises(ConfigurationError, match="plate l1 is recorded in"):
        read_recordings(files)


def test_what_gives_no_event_is_told_once(tmp_path: Path) -> None:
    plan = read_plan(planogram(tmp_path, "p1,COLA,b1,s1,l1 l2,330"), catalog=None, columns=[])
    read = read_recordings([recording(tmp_path, "1.0,2.0"), recording(tmp_path, "1.0,2.0", name="stray.csv")])
    assert plan.notices(read) == [
        "plate stray: no position names it; it gives no event",
        "position p1: no recording of l2; it gives no event",
    ]
