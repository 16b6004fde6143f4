"""What a shop may expect of counting by weight."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.gateway.counting.shop import OPENED_AT, Shop, counted_by_hand, place


def cola_and_juice() -> Shop:
    shop = Shop.of(place("cola", "l1", weight_g=330.0), place("juice", "l2", weight_g=250.0))
    shop.open(l1=10 * 330.0, l2=8 * 250.0)
    return shop


def test_the_first_weight_says_how_many_units_there_are() -> None:
    shop = cola_and_juice()
    assert (shop.units("cola"), shop.units("juice")) == (10, 8)
    assert shop.events == []


def test_one_pick_is_one_pick() -> None:
    shop = cola_and_juice()
    shop.change(l1=-331.0)
    assert shop.what_happened() == [("cola", "pick", 1)]
    assert shop.units("cola") == 9
    assert shop.events[0].probability > 0.99
    assert shop.events[0].time == OPENED_AT + timedelta(seconds=40)


def test_only_the_position_that_changed_is_told_again_but_all_are_confirmed() -> None:
    shop = cola_and_juice()
    counted = shop.change(l1=-330.0)
    assert [quantity.position for quantity in counted.quantities] == ["cola"]
    assert set(counted.confirmed) == {"cola", "juice"}


def test_what_a_shopper_puts_back_is_put_back_and_what_staff_bring_is_a_refill() -> None:
    shop = cola_and_juice()
    shop.change(l1=-330.0)
    shop.change(l1=330.0)
    shop.change(l2=6 * 250.0)
    assert shop.what_happened() == [("cola", "pick", 1), ("cola", "put_back", 1), ("juice", "refill", 6)]
    assert (shop.units("cola"), shop.units("juice")) == (10, 14)


def test_the_last_armful_of_a_refill_is_no_put_back_however_small() -> None:
    shop = cola_and_juice()
    shop.change(l1=-2 * 330.0)
    shop.change(l1=6 * 330.0)
    shop.change(l1=2 * 330.0)
    assert shop.what_happened() == [("cola", "pick", 2), ("cola", "refill", 6), ("cola", "refill", 2)]


def test_what_is_taken_after_a_refill_may_be_put_back() -> None:
    shop = cola_and_juice()
    shop.change(l1=6 * 330.0)
    shop.change(l1=-330.0)
    shop.change(l1=330.0)
    assert [kind for _, kind, _ in shop.what_happened()] == ["refill", "pick", "put_back"]


def test_taking_most_of_a_facing_at_once_is_a_sweep() -> None:
    shop = cola_and_juice()
    shop.change(l1=-7 * 330.0)
    assert shop.what_happened() == [("cola", "sweep", 7)]


def test_a_neighbours_spill_is_no_event_and_does_not_stay_in_the_count() -> None:
    shop = cola_and_juice()
    for _ in range(5):
        shop.change(l1=-300.0, l2=-28.0)
    assert shop.what_happened() == [("cola", "pick", 1)] * 5
    assert (shop.units("cola"), shop.units("juice")) == (5, 8)


def test_a_scale_that_is_nine_percent_off_still_counts_picks_one_by_one() -> None:
    shop = Shop.of(place("cola", "l1", weight_g=330.0), counts=(counted_by_hand("cola", 10),))
    shop.open(l1=10 * 330.0 * 1.09)
    for _ in range(4):
        shop.change(l1=-330.0 * 1.09)
    shop.change(l1=8 * 330.0 * 1.09)
    assert shop.what_happened() == [("cola", "pick", 1)] * 4 + [("cola", "refill", 8)]
    assert shop.units("cola") == 14


def test_a_product_over_two_plates_is_counted_on_their_sum() -> None:
    shop = Shop.of(place("water", "l1", "l2", weight_g=500.0), place("juice", "l3", weight_g=250.0))
    shop.open(l1=2600.0, l2=2400.0, l3=2000.0)
    shop.change(l1=-280.0, l2=-221.0)
    assert shop.what_happened() == [("water", "pick", 1)]
    assert (shop.units("water"), shop.units("juice")) == (9, 8)


def test_two_products_on_one_plate_are_told_apart_by_weight() -> None:
    counts = (counted_by_hand("tea", 6, count_id=1), counted_by_hand("rice", 4, count_id=2))
    shop = Shop.of(place("tea", "l1", weight_g=100.0), place("rice", "l1", weight_g=730.0, spread_g=7.0), counts=counts)
    shop.open(l1=600.0 + 4 * 730.0)
    shop.change(l1=-100.5)
    shop.change(l1=-728.0)
    shop.change(l1=-831.0)
    assert shop.what_happened() == [("tea", "pick", 1), ("rice", "pick", 1), ("tea", "pick", 1), ("rice", "pick", 1)]
    assert (shop.units("tea"), shop.units("rice")) == (4, 2)


def test_two_products_sharing_one_of_their_plates_are_told_apart_by_place() -> None:
    counts = (counted_by_hand("red", 5, count_id=1), counted_by_hand("blue", 5, count_id=2))
    red, blue = place("red", "l1", "l2", weight_g=100.0), place("blue", "l2", "l3", weight_g=101.0)
    shop = Shop.of(red, blue, counts=counts)
    shop.open(l1=400.0, l2=205.0, l3=400.0)
    shop.change(l3=-100.6)
    assert shop.what_happened() == [("blue", "pick", 1)]


def test_two_hands_on_one_shelf_at_once_are_two_events() -> None:
    shop = cola_and_juice()
    shop.change(l1=-330.0, l2=-2 * 250.0)
    assert shop.what_happened() == [("cola", "pick", 1), ("juice", "pick", 2)]


def test_something_that_does_not_belong_there_shifts_no_count_and_leaves_again() -> None:
    shop = cola_and_juice()
    shop.change(l1=-330.0)
    shop.change(l1=505.0)
    assert shop.what_happened() == [("cola", "pick", 1), ("cola", "misplace", 1)]
    assert shop.events[-1].weight_g == pytest.approx(505.0)
    shop.change(l1=-330.0)
    shop.change(l1=-505.0)
    assert shop.what_happened()[2:] == [("cola", "pick", 1)]
    assert shop.units("cola") == 8


def test_what_weighs_nearly_as_much_as_some_units_may_turn_out_not_to_belong_there_when_it_leaves() -> None:
    shop = Shop.of(place("gum", "l1", weight_g=28.1, spread_g=0.61, capacity=24), place("tea", "l2", weight_g=500.0))
    shop.open(l1=17 * 28.1, l2=2500.0)
    shop.noise_g = 3.0
    shop.change(l1=215.3)
    shop.noise_g = 0.3
    shop.change(l1=-3 * 28.1)
    shop.change(l1=-215.5)
    assert shop.units("gum") == 14
    assert shop.quantities["gum"].probability > 0.9


def test_a_hand_at_a_neighbour_says_nothing_new_of_what_was_misplaced_just_before() -> None:
    shop = Shop.of(place("cola", "l1", weight_g=330.0), place("juice", "l2"), place("milk", "l3"))
    shop.open(l1=3300.0, l2=800.0, l3=1000.0)
    shop.change(l1=310.0)
    shop.change(l2=-100.0)
    assert shop.what_happened() == [("cola", "misplace", 1), ("juice", "pick", 1)]
    assert (shop.units("cola"), shop.units("juice")) == (10, 7)


def test_units_that_were_put_there_leave_as_units_though_they_might_have_been_something_else() -> None:
    shop = Shop.of(place("gum", "l1", weight_g=28.1, spread_g=0.61, capacity=24), place("tea", "l2", weight_g=500.0))
    shop.open(l1=12 * 28.1, l2=2500.0)
    shop.noise_g = 3.0
    shop.change(l1=8 * 28.1 - 5.0)
    shop.noise_g = 0.3
    shop.change(l1=-28.1)
    shop.change(l1=-2 * 28.1)
    assert shop.what_happened() == [("gum", "refill", 8), ("gum", "pick", 1), ("gum", "pick", 2)]
    assert shop.units("gum") == 17


def test_a_half_emptied_bottle_that_is_taken_is_no_unit() -> None:
    shop = cola_and_juice()
    shop.change(l1=-330.0)
    shop.change(l1=-165.0 * 1.2)
    assert shop.what_happened() == [("cola", "pick", 1)]


def test_less_than_half_a_unit_is_nobodys() -> None:
    shop = cola_and_juice()
    shop.change(l1=-120.0, l2=60.0)
    assert shop.events == []
    assert (shop.units("cola"), shop.units("juice")) == (10, 8)


def test_nothing_is_taken_from_an_empty_place() -> None:
    shop = Shop.of(place("cola", "l1", weight_g=330.0), counts=(counted_by_hand("cola", 0),))
    shop.open(l1=0.0)
    shop.change(l1=-330.0)
    assert shop.events == []
    assert shop.units("cola") == 0


def test_slow_drift_is_no_event() -> None:
    shop = cola_and_juice()
    for _ in range(60):
        shop.weights_g["l1"] += 10.0
        shop.beat()
    assert shop.events == []
    assert shop.units("cola") == 10
    shop.change(l1=-330.0)
    assert shop.units("cola") == 9


def test_a_unit_taken_while_the_agent_was_away_is_counted_when_it_is_back() -> None:
    shop = cola_and_juice()
    shop.weights_g["l2"] -= 500.0
    shop.beat()
    assert shop.what_happened() == [("juice", "pick", 2)]
    assert shop.units("juice") == 6


def test_a_jump_over_two_plates_waits_until_both_were_heard() -> None:
    shop = Shop.of(place("water", "l1", "l2", weight_g=500.0))
    shop.open(l1=2600.0, l2=2400.0)
    shop.weights_g.update(l1=2310.0, l2=2190.0)
    first, second = shop.heartbeats()
    shop.hear([first])
    assert shop.events == []
    shop.hear([second])
    assert shop.what_happened() == [("water", "pick", 1)]


def test_a_scale_that_is_not_to_be_believed_confirms_nothing_so_that_its_quantity_grows_old() -> None:
    shop = Shop.of(place("cola", "l1"), place("juice", "l2"))
    shop.open(l1=1_000.0, l2=1_000.0)
    shop.beat(quality={"l1": "unplugged"})
    frozen_at = shop.quantities["cola"].as_of
    assert set(shop.beat(quality={"l1": "unplugged"}).confirmed) == {"juice"}
    assert shop.quantities["cola"].as_of == frozen_at
    assert set(shop.beat().confirmed) == {"cola", "juice"}


def test_a_stuck_plate_freezes_and_widens_its_quantity_and_makes_no_event() -> None:
    shop = cola_and_juice()
    sure = shop.quantities["cola"].probability
    shop.beat(quality={"l1": "stuck"})
    frozen = shop.quantities["cola"]
    assert frozen.frozen
    assert frozen.best == 10
    assert frozen.probability < sure
    shop.weights_g["l1"] -= 660.0
    shop.beat(quality={"l1": "stuck"})
    assert shop.events == []
    assert not shop.quantities["juice"].frozen


def test_what_happened_while_a_plate_was_not_believed_is_counted_when_it_is_believed_again() -> None:
    shop = cola_and_juice()
    shop.beat(quality={"l1": "unplugged"})
    shop.weights_g["l1"] -= 330.0
    shop.beat()
    assert shop.what_happened() == [("cola", "pick", 1)]
    assert (shop.units("cola"), shop.quantities["cola"].frozen) == (9, False)


def test_what_left_in_an_hour_without_a_scale_is_no_sweep_but_what_left_at_once_is() -> None:
    shop = cola_and_juice()
    shop.beat(quality={"l1": "unplugged"})
    steps = shop.steps(after_s=3600.0, l1=-8 * 330.0)
    shop.hear(steps)
    assert shop.what_happened() == [("cola", "pick", 8)]
    assert (shop.units("cola"), shop.quantities["cola"].frozen) == (2, False)
    shop.change(l2=-8 * 250.0)
    assert shop.what_happened()[1:] == [("juice", "sweep", 8)]


def test_an_episode_in_two_batches_is_one_episode() -> None:
    whole, split = cola_and_juice(), cola_and_juice()
    whole.change(l1=-330.0, l2=-250.0)
    first, second = split.steps(l1=-330.0, l2=-250.0)
    assert split.hear([first]).events == ()
    split.hear([second])
    assert split.events == whole.events


def test_an_episode_whose_end_was_lost_is_counted_before_the_next_one() -> None:
    shop = cola_and_juice()
    first, _lost = shop.steps(l1=-330.0)
    shop.hear([first])
    shop.change(l2=-250.0)
    assert shop.what_happened() == [("cola", "pick", 1), ("juice", "pick", 1)]


def test_plates_no_position_names_make_no_event() -> None:
    shop = Shop.of(place("cola", "l1", weight_g=330.0))
    shop.open(l1=3300.0, stray=500.0)
    shop.change(stray=-100.0)
    shop.change(l1=-330.0, stray=-100.0)
    assert shop.what_happened() == [("cola", "pick", 1)]


def test_a_product_without_a_unit_weight_is_not_counted_by_weight() -> None:
    shop = Shop.of(place("mystery", "l1", weight_g=None))
    shop.open(l1=3300.0)
    shop.change(l1=-330.0)
    assert shop.events == []
    assert shop.quantities == {}


def test_shelves_of_the_same_name_in_two_bays_are_two_shelves() -> None:
    shop = Shop.of(place("cola", "l1", weight_g=330.0), place("juice", "l2", weight_g=250.0, bay="b2"))
    shop.open(l1=3300.0, l2=2000.0)
    shop.change(l1=-310.0, l2=-230.0)
    assert set(shop.state.shelves) == {"b1/s1", "b2/s1"}
    assert sorted(shop.what_happened()) == [("cola", "pick", 1), ("juice", "pick", 1)]


def test_a_zero_that_is_off_by_kilograms_leaves_the_count_open_but_not_the_picks() -> None:
    shop = Shop.of(place("cola", "l1", weight_g=330.0))
    shop.open(l1=-3177.0 + 3300.0)
    assert shop.quantities["cola"].probability < 0.6
    shop.change(l1=-331.0)
    assert shop.what_happened() == [("cola", "pick", 1)]


def test_weights_that_keep_speaking_against_the_count_are_believed_in_the_end() -> None:
    shop = Shop.of(place("cola", "l1", weight_g=330.0), counts=(counted_by_hand("cola", 2),))
    shop.open(l1=10 * 330.0)
    for _ in range(2):
        shop.change(l1=-330.0)
    for _ in range(4):
        shop.change(l1=330.0)
    assert shop.units("cola") == 12


def test_a_hand_that_rests_on_the_shelf_splits_no_pick_in_two() -> None:
    shop = cola_and_juice()
    shop.change(l1=-330.0)
    shop.change(l1=-225.0, after_s=3.0)
    shop.change(l1=-105.0, after_s=1.0)
    assert shop.what_happened() == [("cola", "pick", 1), ("cola", "pick", 1)]
    assert shop.units("cola") == 8


def test_a_hand_that_lets_go_before_the_next_heartbeat_leaves_the_right_count() -> None:
    shop = cola_and_juice()
    shop.change(l1=-330.0)
    shop.change(l1=200.0)
    shop.weights_g["l1"] += 130.0
    shop.beat()
    assert shop.what_happened()[-1] == ("cola", "put_back", 1)
    assert shop.units("cola") == 10


def test_a_weight_taken_in_haste_is_put_right_by_the_next_calm_one() -> None:
    shop = Shop.of(place("brush", "l1", weight_g=24.0, spread_g=0.4))
    shop.open(l1=240.0)
    shop.noise_g = 17.0
    shop.change(l1=-47.2)
    shop.noise_g = 0.3
    shop.beat()
    assert shop.units("brush") == 8
    assert shop.quantities["brush"].probability > 0.9


def test_a_unit_set_down_in_two_halves_is_one_unit() -> None:
    shop = cola_and_juice()
    shop.change(l1=-330.0)
    shop.change(l1=140.0)
    shop.change(l1=190.0, after_s=2.0)
    assert shop.what_happened() == [("cola", "pick", 1), ("cola", "put_back", 1)]
    assert shop.units("cola") == 10
