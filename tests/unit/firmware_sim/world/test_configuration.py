"""The world file and its errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contract.errors import ConfigurationError
from firmware_sim.world.configuration import read_configuration
from tests.fakes.shop_day import corner_shop


def _written(tmp_path: Path, **changes: Any) -> Path:
    plain = json.loads(corner_shop().to_json())
    path = tmp_path / "world.json"
    path.write_text(json.dumps({**plain, **changes}))
    return path


def test_a_world_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    world = corner_shop(3, shoppers_per_hour=10.0, walk_s=(1.0, 2.0))
    path = tmp_path / "world.json"
    path.write_text(world.to_json())
    assert read_configuration(path) == world


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sed": 1}, r"world\.sed: unknown, .*did you mean 'seed'\?"),
        ({"seed": "one"}, r"world\.seed: found 'one', expected int"),
        ({"behaviour": {"shopper_per_hour": 3}}, r"behaviour\.shopper_per_hour: unknown, .*'shoppers_per_hour'"),
        ({"behaviour": {"walk_s": [3, 1]}}, r"behaviour\.walk_s: found \[3, 1\], expected lowest and highest value"),
        ({"plates": [{"plate": "l1", "shelf": "s1"}]}, r"plates\[0\]\.capacity_g: missing, expected float"),
        ({"plates": []}, r"positions: b1-s1-p1: plate 'b1-s1-l1' is not among the plates"),
        ({"products": []}, r"positions: b1-s1-p1: sku 'COLA-330' is not among the products"),
        ({"backroom": {"NOTHING": 3}}, r"backroom: sku 'NOTHING' is not among the products"),
        ({"positions": 7}, r"positions: found int, expected a list"),
    ],
)
def test_a_wrong_world_file_says_where_and_what_was_expected(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    path = _written(tmp_path, **changes)
    with pytest.raises(ConfigurationError, match=said) as raised:
        read_configuration(path)
    assert str(path) in str(raised.value)


def test_a_file_that_is_no_json_names_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    path.write_text('{\n "store": nothing\n}')
    with pytest.raises(ConfigurationError, match=r"world\.json, line 2, column 11"):
        read_configuration(path)


def test_a_missing_world_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.json: cannot be read: No such file"):
        read_configuration(tmp_path / "nowhere.json")
