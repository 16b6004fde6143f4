"""What the cloud part is told from outside, by environment variables; every problem is said at once."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from contract.broker_address import parse_broker_url
from contract.clock import ShopClock, clock_from_environment
from contract.errors import ConfigurationError, without_secret
from contract.reserve import REPLAY_RESERVE_S
from database.connection import check_address
from database.upkeep import MINUTES_DAYS, READINGS_DAYS, Keep

PREFIX = "LIVESHELF_"
"""A variable is called as its field, with this before it."""

HOLD_MAX_S = 31_536_000.0
"""No hold is longer than a year: more is a slip of the keyboard, and times near the first year cannot be written."""

READINGS_DAYS_MIN = math.ceil(REPLAY_RESERVE_S / 86_400)
"""What a device sends again after a restore must find its day still there."""

KEEP_DAYS_MAX = 36_500

EXPECTED = {
    "LIVESHELF_DATABASE_URL": "a PostgreSQL address such as postgresql://user@host:5432/liveshelf",
    "LIVESHELF_MQTT_URL": "a broker address such as mqtt://host:1883",
    "LIVESHELF_API_HOST": "an address of this machine such as 127.0.0.1",
    "LIVESHELF_API_PORT": "a whole number from 0 to 65535",
    "LIVESHELF_API_CONNECTIONS_MAX": "a whole number from 1 to 500",
    "LIVESHELF_SWEEP_S": "a number of seconds above 0 and up to 60",
    "LIVESHELF_SHORTAGE_HOLD_S": "a number of seconds from 0 to 31536000",
    "LIVESHELF_BASKET_HOLD_S": "a number of seconds above 0 and up to 31536000",
    "LIVESHELF_KEEP_READINGS_DAYS": f"a whole number of days from {READINGS_DAYS_MIN} to {KEEP_DAYS_MAX}: so long"
    " devices hold what they send again to a restored database",
    "LIVESHELF_KEEP_MINUTES_DAYS": f"a whole number of days up to {KEEP_DAYS_MAX}, not below"
    " LIVESHELF_KEEP_READINGS_DAYS",
}


def _database_address(text: str) -> str:
    """Return the address. Raises ValueError when libpq could not even try it."""
    try:
        check_address(text)
    except ConfigurationError:
        raise ValueError from None
    return text


def _broker_address(text: str) -> str:
    """Return the address. Raises ValueError when it is none."""
    try:
        parse_broker_url(text)
    except ConfigurationError:
        raise ValueError from None
    return text


def _not_below_readings(days: int, told: ValidationInfo) -> int:
    """Return the days. Raises ValueError when minutes would be dropped before the readings they sum up."""
    if days < told.data.get("keep_readings_days", 0):
        raise ValueError
    return days


class CloudSettings(BaseSettings):
    """Settings of the API and the worker; the clock has its own variables (`contract.clock`)."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, str_strip_whitespace=True
    )

    database_url: Annotated[str, AfterValidator(_database_address)]
    """PostgreSQL connection URL."""
    mqtt_url: Annotated[str | None, AfterValidator(lambda text: text and _broker_address(text))] = None
    """The broker by which devices are asked and lit; without it everything else works."""
    api_host: str = Field(default="127.0.0.1", pattern=r"^[^\s/@]+$")
    """Address the API listens on."""
    api_port: int = Field(default=8080, ge=0, le=65535)
    """Port the API listens on; 0: any free one."""
    api_connections_max: int = Field(default=10, ge=1, le=500)
    """Connections of each of the API's two pools."""
    sweep_s: float = Field(default=0.25, gt=0, le=60)
    """Wall seconds the worker waits for a notification before it looks by itself."""
    shortage_hold_s: float = Field(default=15.0, ge=0, le=HOLD_MAX_S)
    """Shop seconds a shelf must be low before anyone is told: long enough for a hand that puts the goods back."""
    basket_hold_s: float = Field(default=7200.0, gt=0, le=HOLD_MAX_S)
    """Shop seconds after its pick in which a unit nobody paid for counts as lost: two hours, several times a long round
    through a shop. A till that tells its sales in batches needs longer than the time between two of them."""
    keep_readings_days: int = Field(default=READINGS_DAYS, ge=READINGS_DAYS_MIN, le=KEEP_DAYS_MAX)
    """Days for which every record of a sensor is kept."""
    keep_minutes_days: Annotated[int, AfterValidator(_not_below_readings)] = Field(
        default=MINUTES_DAYS, ge=READINGS_DAYS_MIN, le=KEEP_DAYS_MAX, validate_default=True
    )
    """Days for which the minutes of a plate are kept."""

    @property
    def keep(self) -> Keep:
        """How long history is kept."""
        return Keep(readings_days=self.keep_readings_days, minutes_days=self.keep_minutes_days)


def settings_from_environment() -> tuple[CloudSettings, ShopClock]:
    """Return the settings and the shop's clock.

    Raises ConfigurationError with one line for every variable that is missing or wrong.
    """
    problems: list[str] = []
    settings, clock = _settings(problems), _clock(os.environ, problems)
    if settings is None or clock is None:
        raise ConfigurationError("\n".join(problems))
    return settings, clock


def _settings(problems: list[str]) -> CloudSettings | None:
    try:
        return CloudSettings()  # type: ignore[call-arg]  # the environment gives the arguments
    except ValidationError as error:
        problems.extend(_problem(str(one["loc"][0]), one["type"], one["input"]) for one in error.errors())
        return None


def _clock(environ: Mapping[str, str], problems: list[str]) -> ShopClock | None:
    try:
        return clock_from_environment(environ)
    except ConfigurationError as error:
        problems.append(str(error))
        return None


def _problem(field: str, kind: str, found: object) -> str:
    """Say one problem in our words; what pydantic found at a missing field is everything else."""
    name = PREFIX + field.upper()
    text = "" if kind == "missing" else str(found).strip()
    said = f"found {without_secret(text)!r}" if text else "missing"
    return f"{name}: {said}, expected {EXPECTED[name]}"
