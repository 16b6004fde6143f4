"""How a run is judged against what truly happened."""

from __future__ import annotations

import json
from pathlib import Path

from liveshelf.demo.truth import REST_BEFORE_S, SAMPLE_EVERY_S, Level, exactness, read_truth


def test_a_position_nobody_touched_is_looked_at_every_time() -> None:
    seen = exactness({"p": [Level(0.0, 5)]}, {"p": [Level(1.0, 5)]}, first_s=10.0, last_s=10.0 + 9 * SAMPLE_EVERY_S)
    assert (seen.looks, seen.exact, seen.share) == (10, 10, 1.0)


def test_a_wrong_count_is_wrong_until_it_is_mended() -> None:
    truth = {"p": [Level(0.0, 5)]}
    counted = {"p": [Level(0.0, 4), Level(50.0, 5)]}
    seen = exactness(truth, counted, first_s=20.0, last_s=95.0)
    assert seen.looks == 16
    assert seen.exact == 10
    assert seen.worst == {"p": 6}


def test_while_hands_are_on_the_shelf_nobody_looks() -> None:
    truth = {"p": [Level(0.0, 5), Level(100.0, 4)]}
    counted = {"p": [Level(0.0, 5), Level(103.0, 4)]}
    seen = exactness(truth, counted, first_s=50.0, last_s=150.0)
    assert seen.share == 1.0
    assert seen.looks < exactness({"p": [Level(0.0, 5)]}, counted, first_s=50.0, last_s=150.0).looks


def test_a_missed_pick_shows_once_the_shelf_is_at_rest() -> None:
    truth = {"p": [Level(0.0, 5), Level(100.0, 4)]}
    seen = exactness(truth, {"p": [Level(0.0, 5)]}, first_s=100.0 + REST_BEFORE_S + 1, last_s=200.0)
    assert seen.exact == 0
    assert seen.looks > 0


def test_a_position_that_was_never_counted_in_time_is_wrong() -> None:
    seen = exactness({"p": [Level(0.0, 5)]}, {"p": [Level(500.0, 5)]}, first_s=100.0, last_s=110.0)
    assert seen.exact == 0


def test_the_truth_log_is_read_by_position_in_order_of_time(tmp_path: Path) -> None:
    moves = [
        {"at": 5.0, "kind": "pick", "position": "a", "sku": "s", "change": -1, "quantity": 4},
        {"at": 1.0, "kind": "opening", "position": "a", "sku": "s", "change": 5, "quantity": 5},
        {"at": 2.0, "kind": "note"},
    ]
    log = tmp_path / "truth.jsonl"
    log.write_text("".join(json.dumps(move) + "\n" for move in moves), encoding="utf-8")
    assert read_truth(log) == {"a": [Level(1.0, 5), Level(5.0, 4)]}


def test_a_foreign_product_moves_the_shelf_but_not_the_count_of_the_position(tmp_path: Path) -> None:
    moves = [
        {"at": 1.0, "kind": "opening", "position": "a", "sku": "s", "change": 0, "quantity": 5},
        {"at": 2.0, "kind": "misplace", "position": "a", "sku": "other", "change": 1, "quantity": 1},
        {"at": 3.0, "kind": "pick", "position": "a", "sku": "s", "change": -1, "quantity": 4},
        {"at": 4.0, "kind": "tidy", "position": "a", "sku": "other", "change": -1, "quantity": 0},
    ]
    log = tmp_path / "truth.jsonl"
    log.write_text("".join(json.dumps(move) + "\n" for move in moves), encoding="utf-8")
    assert read_truth(log) == {"a": [Level(1.0, 5), Level(2.0, 5), Level(3.0, 4), Level(4.0, 4)]}


def test_a_run_too_short_to_look_claims_nothing() -> None:
    assert exactness({}, {}, first_s=0.0, last_s=10.0).share is None


def test_a_line_cut_short_by_a_full_disk_is_left_out(tmp_path: Path) -> None:
    log = tmp_path / "truth.jsonl"
    whole = {"at": 1.0, "kind": "opening", "position": "a", "sku": "s", "change": 0, "quantity": 5}
    log.write_text(json.dumps(whole) + '\n{"at": 2.0, "ki', encoding="utf-8")
    assert read_truth(log) == {"a": [Level(1.0, 5)]}
