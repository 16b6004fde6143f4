"""Faults are drawn from a seed: the same ones again, enough of them, and none that trips over another."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveshelf.chaos.faults import CALM_S, HEALTHY_S, KINDS, Fault, Kind, draw_faults

AGENTS = ("agents-1", "agents-2", "agents-3", "agents-4", "agents-5")


def draw(seed: int, *, for_s: float = 180.0) -> list[Fault]:
    return draw_faults(seed, for_s=for_s, agents=AGENTS)


def test_the_same_seed_draws_the_same_faults_and_another_one_others() -> None:
    assert draw(7) == draw(7)
    assert draw(7) != draw(8)


@given(seed=st.integers(min_value=0))
def test_three_minutes_hold_more_than_thirty_faults_of_every_kind(seed: int) -> None:
    faults = draw(seed)
    assert len(faults) >= 35
    assert {fault.kind for fault in faults} == set(KINDS)


@given(seed=st.integers(min_value=0), for_s=st.floats(min_value=1.0, max_value=600.0))
def test_no_target_has_two_faults_at_once_and_all_are_over_in_time(seed: int, for_s: float) -> None:
    faults = draw(seed, for_s=for_s)
    free_at_s: dict[str, float] = {}
    for fault in faults:
        assert CALM_S <= fault.at_s >= free_at_s.get(fault.target, 0.0)
        assert fault.at_s + fault.lasts_s <= for_s + 1e-6
        free_at_s[fault.target] = fault.at_s + fault.lasts_s + HEALTHY_S


def test_faults_overlap() -> None:
    faults = draw(7)
    assert any(later.at_s < fault.at_s + fault.lasts_s for fault, later in pairwise(faults))


@pytest.mark.parametrize("seed", range(20))
def test_an_owner_is_frozen_for_longer_than_its_lease(seed: int) -> None:
    pauses = [fault for fault in draw(seed) if (fault.kind, fault.target) == ("pause", "gateway-owner")]
    assert any(fault.lasts_s > 3.0 for fault in pauses)


def test_kinds_and_targets_can_be_left_out() -> None:
    chosen: tuple[Kind, ...] = ("wipe", "disk_full")
    faults = draw_faults(7, for_s=60.0, agents=AGENTS, kinds=chosen, without=("outbox-disk",))
    assert {fault.target for fault in faults} == {"broker", "database-disk"}
    assert draw_faults(7, for_s=60.0, agents=AGENTS, kinds=chosen[1:], without=("outbox-disk", "database-disk")) == []
