"""The oracle finds a planted loss, double, unexplained gap and altered record, and nothing where nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterable

from contract.records import Gap
from liveshelf.chaos.judge import GapRow, Journal, Row, Verdict, judge
from liveshelf.chaos.ledger import Told

JOURNAL = ("device-1", "a" * 32)
OTHER = ("device-2", "b" * 32)


def told(count: int, *, journal: Journal = JOURNAL) -> Told:
    ledger = Told()
    ledger.keep(1, [f"{journal[0]} {number}" for number in range(1, count + 1)])
    return ledger


def rows(numbers: Iterable[int], *, journal: Journal = JOURNAL) -> list[Row]:
    return [Row(journal, number, f"{journal[0]} {number}") for number in numbers]


def gap(first: int, last: int, reason: str = "dropped", *, journal: Journal = JOURNAL) -> GapRow:
    return GapRow(journal, Gap(first, last, reason))  # type: ignore[arg-type]


def counts(verdict: Verdict) -> tuple[int, int, int, int]:
    return tuple(map(len, (verdict.lost, verdict.duplicates, verdict.unexplained_gaps, verdict.altered)))  # type: ignore[return-value]


def test_a_database_that_holds_what_the_ledgers_hold_is_clean() -> None:
    ledgers = {JOURNAL: told(5), OTHER: told(3, journal=OTHER)}
    verdict = judge(ledgers, [*rows(range(1, 6)), *rows(range(1, 4), journal=OTHER)], [])
    assert verdict.clean
    assert verdict.records == 8


def test_a_missing_row_is_lost() -> None:
    verdict = judge({JOURNAL: told(5)}, rows([1, 2, 4, 5]), [])
    assert counts(verdict) == (1, 0, 0, 0)
    assert "/3: durable" in verdict.lost[0]


def test_a_journal_of_which_nothing_came_is_lost_as_a_whole() -> None:
    assert counts(judge({JOURNAL: told(5)}, [], [])) == (5, 0, 0, 0)


def test_a_row_that_is_there_twice_is_doubled() -> None:
    assert counts(judge({JOURNAL: told(5)}, rows([1, 2, 3, 3, 4, 5]), [])) == (0, 1, 0, 0)


def test_a_row_that_is_in_a_gap_too_is_doubled() -> None:
    ledger = told(5)
    ledger.given_up = [Gap(3, 3, "dropped")]
    assert counts(judge({JOURNAL: ledger}, rows(range(1, 6)), [gap(3, 3)], filled=[JOURNAL[0]])) == (0, 1, 0, 0)


def test_numbers_in_two_gaps_are_doubled() -> None:
    ledger = told(5)
    ledger.given_up = [Gap(2, 3, "dropped")]
    found = judge({JOURNAL: ledger}, rows([1, 4, 5]), [gap(2, 3), gap(3, 3)], filled=[JOURNAL[0]])
    assert counts(found) == (0, 1, 0, 0)


def test_a_gap_nobody_knows_of_is_unexplained_and_not_lost_as_well() -> None:
    assert counts(judge({JOURNAL: told(5)}, rows([1, 2, 5]), [gap(3, 4)])) == (0, 0, 1, 0)


def test_what_a_full_disk_cost_is_explained_on_that_device_for_that_reason_alone() -> None:
    ledger = told(5)
    ledger.given_up = [Gap(3, 4, "dropped")]
    ledgers, left = {JOURNAL: ledger}, rows([1, 2, 5])
    assert judge(ledgers, left, [gap(3, 4)], filled=[JOURNAL[0]]).clean
    assert counts(judge(ledgers, left, [gap(3, 4)])) == (0, 0, 1, 0)
    assert counts(judge(ledgers, left, [gap(3, 4, "lost")], filled=[JOURNAL[0]])) == (0, 0, 1, 0)
    assert counts(judge(ledgers, rows([1, 5]), [gap(2, 4)], filled=[JOURNAL[0]])) == (0, 0, 1, 0)


def test_a_loss_before_numbering_must_be_a_gap() -> None:
    ledger = Told()
    ledger.keep(1, ["device-1 1", (2, "thinned"), "device-1 4"])
    ledgers = {JOURNAL: ledger}
    assert judge(ledgers, rows([1, 4]), [gap(2, 3, "thinned")]).clean
    assert counts(judge(ledgers, rows([1, 4]), [])) == (2, 0, 0, 0)
    assert counts(judge(ledgers, rows([1, 4]), [gap(2, 3, "rejected")])) == (0, 0, 1, 0)


def test_other_content_is_altered() -> None:
    assert counts(judge({JOURNAL: told(2)}, [*rows([1]), Row(JOURNAL, 2, "device-1 1")], [])) == (0, 0, 0, 1)


def test_a_record_no_device_made_is_altered() -> None:
    assert counts(judge({JOURNAL: told(2)}, rows([1, 2, 3]), [])) == (0, 0, 0, 1)
    assert counts(judge({JOURNAL: told(2)}, [*rows([1, 2]), *rows([1], journal=OTHER)], [])) == (0, 0, 0, 1)


def test_what_a_killed_agent_had_just_made_durable_may_be_there_or_not() -> None:
    ledger = told(2)
    ledger.pending = ("device-1 3", (1, "thinned"), "device-1 5")
    assert judge({JOURNAL: ledger}, rows([1, 2]), []).clean
    assert judge({JOURNAL: ledger}, rows([1, 2, 3, 5]), [gap(4, 4, "thinned")]).clean
    assert counts(judge({JOURNAL: ledger}, [*rows([1, 2]), Row(JOURNAL, 3, "else")], [])) == (0, 0, 0, 1)


def test_garbage_may_leave_a_gap_in_the_journal_it_invented_and_no_record() -> None:
    ledgers = {JOURNAL: told(1)}
    assert judge(ledgers, rows([1]), [gap(1, 3, "rejected", journal=OTHER)], invented=[OTHER[1]]).clean
    assert counts(judge(ledgers, rows([1]), [gap(1, 3, "rejected", journal=OTHER)])) == (0, 0, 1, 0)
    assert counts(judge(ledgers, [*rows([1]), *rows([1], journal=OTHER)], [], invented=[OTHER[1]])) == (0, 0, 0, 1)
