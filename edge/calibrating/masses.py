"""How far a test mass may be off: its nominal weight comes in, its error and the uncertainty of that go out (pure)."""

from __future__ import annotations

import math
from bisect import bisect_left

M1_ERROR_MG = (
    (1.0, 1.0),
    (2.0, 1.2),
    (5.0, 1.6),
    (10.0, 2.0),
    (20.0, 2.5),
    (50.0, 3.0),
    (100.0, 5.0),
)
"""Largest permissible errors of class M1 by nominal grams (OIML R 111-1:2004, table 1)."""

M1_ERROR_SHARE = 5e-5
"""From 100 g to 5 t class M1 allows 50 mg in a kilogram (the same table), a sum of masses no more than its parts."""


def m1_error_g(mass_g: float) -> float:
    """Return by how many grams a mass of class M1, or a sum of several, may be off."""
    nominal = [weight_g for weight_g, _ in M1_ERROR_MG]
    if mass_g >= nominal[-1]:
        return M1_ERROR_SHARE * mass_g
    return M1_ERROR_MG[bisect_left(nominal, mass_g)][1] / 1000.0


def uncertainty_g(error_g: float) -> float:
    """Return the standard uncertainty of a mass that is off by at most `error_g`, any error being as likely as another
    (rectangular distribution: JCGM 100:2008, 4.3.7).
    """
    return error_g / math.sqrt(3.0)
