"""How long devices hold what is already committed, so that a database restored from a backup loses none of it."""

from __future__ import annotations

REPLAY_RESERVE_S = 2 * 24 * 3600.0
"""Seconds of service (design section 9: a 2-day reserve). History kept for less would drop what comes again."""
