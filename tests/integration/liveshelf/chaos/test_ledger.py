"""A ledger says what its device made durable, whenever the device was killed."""

from __future__ import annotations

from pathlib import Path

from contract.clock import ManualClock
from contract.records import Gap, HealthRecord, WeightRecord
from edge.outbox.gaps import Loss
from liveshelf.chaos.ledger import Ledger, digest, read_ledger
from liveshelf.chaos.ledgered_outbox import open_ledgered

JOURNAL, NEXT = "a" * 32, "b" * 32


def weight(number: int) -> WeightRecord:
    return WeightRecord(mono_ms=number, plate="p", kind="heartbeat", weight_g=1.0)


def test_what_was_kept_stands_there_by_number(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.begin(JOURNAL)
    ledger.intend([weight(1), Loss(2, "thinned"), weight(4)])
    ledger.kept(JOURNAL, 1)
    told = read_ledger(tmp_path / "ledger")[JOURNAL]
    assert told.records == {1: digest(weight(1)), 4: digest(weight(4))}
    assert told.losses == [Gap(2, 3, "thinned")]
    assert (told.last, told.pending) == (4, ())


def test_an_intention_nobody_knows_the_end_of_is_pending(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.begin(JOURNAL)
    ledger.intend([weight(1)])
    ledger.kept(JOURNAL, 1)
    ledger.intend([weight(2)])
    again = Ledger(tmp_path / "ledger")
    assert again.run == 2
    again.begin(NEXT)
    told = read_ledger(tmp_path / "ledger")
    assert (told[JOURNAL].last, told[JOURNAL].pending) == (1, (digest(weight(2)),))
    assert told[NEXT].pending == ()


def test_a_refused_intention_that_is_repeated_counts_once(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.begin(JOURNAL)
    ledger.intend([weight(1)])
    ledger.intend([weight(1)])
    ledger.kept(JOURNAL, 1)
    assert read_ledger(tmp_path / "ledger")[JOURNAL].records == {1: digest(weight(1))}


def test_a_line_that_was_cut_short_says_nothing_and_spoils_none_after_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    ledger.begin(JOURNAL)
    ledger.intend([weight(1)])
    ledger.kept(JOURNAL, 1)
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        again = Ledger(path)
        again.begin(NEXT)
        again.intend([weight(9)])
        again.kept(NEXT, 1)
        told = read_ledger(path)
        assert told[NEXT].records == {1: digest(weight(9))}
        assert JOURNAL not in told or told[JOURNAL].records in ({}, {1: digest(weight(1))})


def test_the_content_of_a_record_is_told_apart_but_not_the_order_of_its_figures() -> None:
    one = HealthRecord(mono_ms=1, subject="agent", verdict="ok", rejected={"a": 1, "b": 2})
    other = HealthRecord(mono_ms=1, subject="agent", verdict="ok", rejected={"b": 2, "a": 1})
    changed = HealthRecord(mono_ms=1, subject="agent", verdict="ok", rejected={"a": 1, "b": 3})
    assert digest(one) == digest(other) != digest(changed)


def test_a_real_outbox_and_its_ledger_say_the_same_over_runs(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    for run in (1, 2):
        outbox = open_ledgered(tmp_path, ManualClock(), Ledger(path))
        outbox.append([weight(run), weight(run + 10)])
        outbox.append([Loss(3, "dropped"), weight(run + 20)])
        told, held = read_ledger(path), outbox.held()
        assert {journal.journal: journal.last for journal in held} == {name: one.last for name, one in told.items()}
        for journal in held:
            numbers = {seq: digest(record) for seq, record in outbox.read(journal.journal, 1, 100)}
            assert numbers == told[journal.journal].records
            assert outbox.gaps(journal.journal, 1, journal.last) == told[journal.journal].losses
        outbox.close()
