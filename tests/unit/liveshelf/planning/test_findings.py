"""What a plan warns of, and that it never warns of what is easier than something it lets pass."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from liveshelf.planning.scales import goods_room_g
from tests.unit.liveshelf.planning.planned import found, kinds, stand

WEIGHTS = st.floats(1.0, 2_000.0)
SEVERITY = ["too_light", "shaky", ""]


def lightness(weight_g: float, capacity: int) -> int:
    found_kinds = [kind for kind in kinds(stand(weight_g=weight_g, capacity=capacity)) if kind in SEVERITY]
    return SEVERITY.index(found_kinds[0]) if found_kinds else SEVERITY.index("")


def test_ordinary_goods_apart_from_one_another_give_nothing_to_warn_of() -> None:
    assert not found(stand("p1", weight_g=350.0), stand("p2", weight_g=520.0), stand("p3", weight_g=80.0))


def test_a_product_too_light_to_sense_is_named_with_its_numbers_and_what_to_do() -> None:
    (finding,) = found(stand("p1", sku="GUM-5", weight_g=5.0, capacity=20))
    assert finding.kind == "too_light"
    assert finding.positions == ("p1",)
    assert finding.said.startswith("p1 (GUM-5) weighs 5.0 g a unit, and plate l-p1 with a 3 kg cell is sure of 5.7 g ")
    assert finding.said.endswith("4 h after the pick before: use tags")


def test_fewer_units_on_a_smaller_cell_are_advised_where_they_help() -> None:
    (finding,) = (one for one in found(stand("p1", weight_g=20.0, capacity=900)) if one.kind == "too_light")
    units = finding.facts["units_that_help"]
    assert isinstance(units, int)
    assert f"stand at most {units} on the plate" in finding.said
    assert "too_light" not in kinds(stand("p1", weight_g=20.0, capacity=units))
    assert "too_light" in kinds(stand("p1", weight_g=20.0, capacity=units + 1))


@given(weight_g=WEIGHTS, heavier=st.floats(1.0, 20.0), capacity=st.integers(1, 60))
def test_a_heavier_product_never_becomes_too_light(weight_g: float, heavier: float, capacity: int) -> None:
    assert lightness(weight_g * heavier, capacity) >= lightness(weight_g, capacity)


@given(weight_g=WEIGHTS, capacity=st.integers(2, 2_000))
def test_fewer_units_on_a_plate_never_make_a_product_too_light(weight_g: float, capacity: int) -> None:
    assume(weight_g * capacity <= goods_room_g())
    assert lightness(weight_g, capacity // 2) >= lightness(weight_g, capacity)


def test_one_product_over_two_plates_has_the_noise_of_both() -> None:
    assert kinds(stand(weight_g=6.5)) == ["shaky"]
    (finding,) = found(stand(weight_g=6.5, plates="l1 l2"))
    assert finding.kind == "too_light"
    assert "and plates l1, l2 together with 3 kg cells are sure of 8.1 g or more" in finding.said


def test_equal_weights_side_by_side_are_a_tie() -> None:
    (finding,) = found(stand("p1", weight_g=530.0), stand("p2", weight_g=531.0))
    assert finding.kind == "tie"
    assert finding.positions == ("p1", "p2")
    assert "530 g and 531 g, a tie" in finding.said


def test_nearly_equal_weights_say_how_often_they_are_told_apart() -> None:
    (finding,) = found(stand("p1", weight_g=340.0), stand("p2", weight_g=355.0))
    assert finding.kind == "alike"
    assert "told apart in 97% of cases" in finding.said


@pytest.mark.parametrize(
    "other",
    [
        stand("p3", weight_g=530.0),
        stand("p2", weight_g=530.0, sku="SKU-p1"),
        stand("p2", weight_g=530.0, shelf="s2"),
        stand("p2", weight_g=530.0, bay="b2"),
        stand("p2", weight_g=530.0, zones="z1"),
    ],
    ids=["something between", "the same product", "another shelf", "another bay", "tags"],
)
def test_equal_weights_do_no_harm_with(other: object) -> None:
    between = stand("p2", sku="BETWEEN", weight_g=90.0)
    one = stand("p1", weight_g=530.0)
    assert isinstance(other, type(one))
    row = (one, between, other) if other.position == "p3" else (one, other)
    assert kinds(*row) == []


@given(first_g=WEIGHTS, second_g=WEIGHTS, spread=st.floats(0.001, 0.05))
def test_the_order_of_two_neighbours_does_not_matter(first_g: float, second_g: float, spread: float) -> None:
    one, other = stand("p1", weight_g=first_g, spread=spread), stand("p2", weight_g=second_g, spread=spread)
    assert sorted(kinds(one, other)) == sorted(kinds(replace(other, position="p1"), replace(one, position="p2")))


def test_on_a_shared_plate_a_tie_hides_which_product_was_taken() -> None:
    (finding,) = found(stand("p1", plates="l1", weight_g=200.0), stand("p2", plates="l1", weight_g=200.5))
    assert finding.kind == "tie"
    assert "share plate l1" in finding.said
    assert "give each its own plate" in finding.said


def test_on_a_shared_plate_three_of_one_may_weigh_as_two_of_the_other() -> None:
    (finding,) = found(stand("p1", plates="l1", weight_g=200.0), stand("p2", plates="l1", weight_g=300.0))
    assert "3 × SKU-p1 and 2 × SKU-p2 weigh 600 g and 600 g" in finding.said


def test_more_units_than_their_weight_can_count_ask_for_more_weighings() -> None:
    (finding,) = found(stand(capacity=20, spread=0.03))
    assert finding.kind == "unsure"
    assert "holds 20, and units that differ by 3% are sure by weight up to 10 (23 after 50 picks)" in finding.said
    assert "weigh 27 units for the catalogue instead of 4, or let 50 picks teach it" in finding.said


def test_units_that_differ_too_much_ask_for_fewer_of_them_or_tags() -> None:
    (finding,) = found(stand(capacity=6, spread=0.10))
    assert finding.said.endswith(
        "sure by weight up to 2 (2 after 50 picks): stand at most 2 on its plates, or tag them"
    )


def test_units_of_which_the_weight_tells_nothing_ask_for_tags() -> None:
    (finding,) = found(stand(capacity=1, spread=0.5))
    assert finding.said.endswith("sure by weight up to 0 (0 after 50 picks): tag them")


@given(capacity=st.integers(1, 100), fewer=st.integers(1, 100), spread=st.floats(0.001, 0.3))
def test_a_position_that_holds_fewer_is_never_less_sure(capacity: int, fewer: int, spread: float) -> None:
    if "unsure" not in kinds(stand(capacity=capacity, spread=spread)):
        assert "unsure" not in kinds(stand(capacity=min(capacity, fewer), spread=spread))


def test_a_product_with_neither_weight_nor_tags_is_named_with_what_it_blinds() -> None:
    one, other = stand("p1", plates="l1", weight_g=None), stand("p2", plates="l1", weight_g=250.0)
    (finding,) = found(one, other)
    assert finding.kind == "no_weight"
    assert finding.said == (
        "p1 (SKU-p1) has neither a unit weight nor tags, so plate l1 cannot count it, nor p2 on the same plate: "
        "weigh 4 units, or tag them"
    )


def test_a_plate_under_tagged_goods_without_weight_can_count_nothing() -> None:
    assert kinds(stand(weight_g=None, zones="z1")) == ["blind"]


def test_tags_alone_need_no_weight() -> None:
    assert kinds(stand(weight_g=None, plates="", zones="z1")) == []


def test_a_display_nobody_senses_is_named() -> None:
    assert kinds(stand(plates="")) == ["unsensed"]


def test_goods_too_heavy_for_any_cell_are_named_with_their_plate() -> None:
    (finding,) = found(stand(weight_g=5_000.0, capacity=12, spread=0.001))
    assert finding.kind == "overload"
    assert "plate l-p1 carries 60 kg when its positions are full" in finding.said
    assert finding.positions == ("p1",)


def test_tags_count_what_is_too_light_and_too_many_for_the_scale() -> None:
    assert kinds(stand(weight_g=5.0, capacity=100, spread=0.1, zones="z1")) == []
