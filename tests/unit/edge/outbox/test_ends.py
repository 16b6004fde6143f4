"""The two small files beside the outbox: what they prove, and what they must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.outbox.ends import End, Ends, Mark, behind
from edge.outbox.journals import Journal

A, B = "a" * 32, "b" * 32


def journals(**lasts: int) -> dict[str, Journal]:
    return {
        name * 32: Journal(number=number, name=name * 32, boot="boot", last=last)
        for number, (name, last) in enumerate(lasts.items(), 1)
    }


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    ends = Ends(tmp_path / "outbox.sqlite")
    assert ends.read() == []
    assert ends.marked() == []
    written = [End(1, A, "boot", 7, exact=True), End(2, B, "boot", 1024)]
    ends.write(written)
    ends.mark(B, 3)
    ends.mark(B, 4)
    assert ends.read() == written
    assert ends.marked() == [Mark(B, 4), Mark(B, 3)]


@pytest.mark.parametrize("kind", ["ends", "mark"])
def test_a_changed_byte_makes_a_file_unknown_and_never_wrong(tmp_path: Path, kind: str) -> None:
    ends = Ends(tmp_path / "outbox.sqlite")
    ends.write([End(1, A, "boot", 7, exact=True)])
    ends.mark(A, 7)
    file = tmp_path / f"outbox.sqlite.{kind}"
    sound = file.read_bytes()
    for position in range(len(sound)):
        file.write_bytes(sound[:position] + bytes([sound[position] ^ 1]) + sound[position + 1 :])
        assert ends.read() in ([], [End(1, A, "boot", 7, exact=True)])
        assert ends.marked() in ([], [Mark(A, 7)])


def test_a_torn_mark_leaves_the_one_before(tmp_path: Path) -> None:
    ends = Ends(tmp_path / "outbox.sqlite")
    ends.mark(A, 8)
    ends.mark(A, 9)
    file = tmp_path / "outbox.sqlite.mark"
    file.write_bytes(file.read_bytes()[:520])
    assert ends.marked() == [Mark(A, 8)]


def test_a_bound_that_was_not_reached_proves_nothing() -> None:
    assert behind(journals(a=5), [End(1, A, "boot", 1024)], [Mark(A, 5)], existed=True) == []
    assert behind({}, [End(1, A, "boot", 0)], [], existed=False) == []


def test_a_mark_that_was_not_reached_proves_a_loss_up_to_the_bound() -> None:
    assert behind(journals(a=5), [End(1, A, "boot", 1024)], [Mark(A, 6)], existed=True) == [End(1, A, "boot", 1024)]
    assert behind({}, [], [Mark(A, 6)], existed=True) == [End(0, A, "", 6)]


def test_an_exact_end_that_was_not_reached_proves_a_loss() -> None:
    end = End(1, A, "boot", 7, exact=True)
    assert behind(journals(a=5), [end], [], existed=True) == [end]
    assert behind(journals(a=7), [end], [], existed=True) == []


def test_a_file_that_is_missing_lost_all_that_was_numbered() -> None:
    ends = [End(1, A, "boot", 7, exact=True), End(2, B, "boot", 1024)]
    assert behind({}, ends, [], existed=False) == ends
