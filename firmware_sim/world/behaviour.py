"""How people behave in the simulated shop: every rate, probability and duration in one place, with its reason."""

from __future__ import annotations

from dataclasses import dataclass

Span = tuple[float, float]
"""Lowest and highest value, drawn evenly in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Settings of the people. Durations are shop seconds; those without a source are assumptions, with their reason.

    `shoppers_per_hour` 150: a busy corner shop. With 2.5 products a shopper it moves goods about every 10 s, so that
    someone who watches at clock rate 1 sees the shelves live. `stops` (1 to 4 products) and `units` (mostly one) are
    small baskets of a convenience store.

    `put_back` 0.06 and `misplace` 0.008: the share of picks put back at once or left elsewhere. The labelled
    recordings of the CPS-IoT 2020 competition hold 56 put-backs among 237 events, but those were staged to be hard.

    `shelf_pause_s`: people make room for one another, so a shelf rests between two hands; `overlap` is the share of
    cases in which somebody reaches in all the same ("two people on one shelf at once" is a hard case the competition's
    winners name).

    `crosstalk`: share of a moving load that each neighbouring plate takes. Measured in the same data, cps-test-01:
    6, 9 and 4 g of 585 g on the neighbours of a picked bottle, 1 to 2 %.

    `rush_factor`: how many times as many shoppers come in a rush hour. 15 people a minute is a shop before a storm: all
    shelves move at once, and staff fall behind within minutes.

    `sweep_leaves`: weights of 0, 1, 2 units left behind at a place that is swept. Retail loss prevention speaks of a
    sweep when a facing is cleared; one unit in the far corner is easily missed.

    `notice_s`: how long staff leave a task they saw on the list to others. With the list read every `task_poll_s`, a
    new task stays open for 20 to 55 s: time enough for a visitor to read the top card and press Take (some 10 s to
    find it, 10 to decide). Taken by staff it is fetched and set down within about 40 s, so that the first task is
    still seen verified one to two minutes after it opened.

    `lead_time_s`: the supplier delivers 2 to 5 shop minutes after an order (demand of the demo, not of this world).
    """

    shoppers_per_hour: float = 150.0
    opens_after_s: float = 20.0

    stops: tuple[float, ...] = (0.2, 0.3, 0.3, 0.2)
    units: tuple[float, ...] = (0.75, 0.2, 0.05)
    put_back: float = 0.06
    misplace: float = 0.008
    walk_s: Span = (4.0, 12.0)
    hesitate_s: Span = (7.0, 15.0)
    till_s: Span = (15.0, 60.0)

    shelf_pause_s: Span = (6.0, 9.0)
    wait_for_shelf_s: Span = (2.0, 6.0)
    overlap: float = 0.01
    crosstalk: Span = (0.01, 0.03)

    rush_factor: float = 6.0
    sweep_leaves: tuple[float, ...] = (0.6, 0.25, 0.15)

    staff: int = 2
    task_poll_s: float = 10.0
    notice_s: Span = (20.0, 35.0)
    fetch_s: Span = (10.0, 25.0)
    armful_units: int = 8
    armful_weight_g: float = 8000.0
    tidy_every_s: float = 90.0

    order_poll_s: float = 15.0
    lead_time_s: Span = (120.0, 300.0)
