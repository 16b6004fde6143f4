"""What disturbances make of the 24 bits of a conversion: the word the chip sends in, what the wires carry out (pure).

Places count from the most significant bit, 0, which is sent first.
"""

from __future__ import annotations

CODE_BITS = 24
ALL_ONES = 0xFFFFFF


def flipped(word: int, place: int) -> int:
    """Return the word with one bit as its opposite."""
    return word ^ 1 << (CODE_BITS - 1 - place)


def lost_from(word: int, place: int) -> int:
    """Return the word with this bit and all after it read as ones, as from a line that is no longer driven."""
    return word | (1 << (CODE_BITS - place)) - 1


def one_pulse_more(word: int, place: int) -> int:
    """Return the 24 bits that are read when the chip saw a pulse too many before this place: the bit there is gone, and
    the last one is DOUT after the frame, high.
    """
    below = CODE_BITS - 1 - place
    after = word & ((1 << below) - 1)
    return word >> (below + 1) << (below + 1) | after << 1 | 1


def one_pulse_less(word: int, place: int) -> int:
    """Return the 25 bits that are read when the chip missed the pulse of this place: DOUT still has the level from
    before, at the first place low, for ready; the last bit is the lowest of the word.
    """
    below = CODE_BITS - place
    before, after = word >> below, word & ((1 << below) - 1)
    return (before << 1 | before & 1) << below | after
