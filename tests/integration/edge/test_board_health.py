"""What a board says of itself is read from its files; what it does not say is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.board_health import Board, kernel_clock_error_ms


def board_of(folder: Path, **files: str) -> Board:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="ascii")
    return Board(
        folder,
        thermal=folder / "thermal",
        throttled=folder / "throttled",
        statm=folder / "statm",
        clock_error_ms=lambda: None,
    )


def test_a_warm_board_with_a_weak_supply_says_so(tmp_path: Path) -> None:
    figures = board_of(tmp_path, thermal="81278\n", throttled="50005\n", statm="9000 7000 1000 1 0 2000 0").figures()
    assert figures["cpu_c"] == 81.3
    assert (figures["undervoltage"], figures["throttled"]) == (1.0, 1.0)
    assert figures["rss_mb"] == pytest.approx(28.7, abs=0.1)
    assert figures["disk_free_mb"] > 0.0
    assert "clock_error_ms" not in figures


@pytest.mark.parametrize(
    ("bits", "undervoltage", "throttled"),
    [("0", 0.0, 0.0), ("1", 1.0, 0.0), ("10000", 1.0, 0.0), ("4", 0.0, 1.0), ("40000", 0.0, 1.0), ("a000a", 0.0, 0.0)],
)
def test_each_bit_of_the_firmware_is_told_apart(
    tmp_path: Path, bits: str, undervoltage: float, throttled: float
) -> None:
    figures = board_of(tmp_path, throttled=bits).figures()
    assert (figures["undervoltage"], figures["throttled"]) == (undervoltage, throttled)


def test_a_machine_that_is_no_raspberry_pi_says_what_it_can(tmp_path: Path) -> None:
    assert set(board_of(tmp_path, thermal="what?", statm="").figures()) == {"disk_free_mb"}


def test_a_folder_that_is_gone_costs_its_figure_and_no_more(tmp_path: Path) -> None:
    assert "disk_free_mb" not in Board(tmp_path / "gone").figures()


def test_the_kernel_says_how_wrong_its_clock_may_be_or_that_nobody_keeps_it() -> None:
    found = kernel_clock_error_ms()
    assert found is None or 0.0 <= found <= 16_000.0, "the kernel gives a clock up beyond 16 s"
