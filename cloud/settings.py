"""What the cloud part is told from outside, by environment variables."""

from __future__ import annotations

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from contract.errors import ConfigurationError


class CloudSettings(BaseSettings):
    """Settings of the API and the worker; the clock has its own variables (`contract.clock`)."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    database_url: str = Field(validation_alias="LIVESHELF_DATABASE_URL")
    """PostgreSQL connection URL."""
    api_host: str = Field(default="127.0.0.1", validation_alias="LIVESHELF_API_HOST")
    """Address the API listens on."""
    api_port: int = Field(default=8080, ge=0, le=65535, validation_alias="LIVESHELF_API_PORT")
    """Port the API listens on; 0: any free one."""
    connections_max: int = Field(default=10, ge=1, le=500, validation_alias="LIVESHELF_API_CONNECTIONS_MAX")
    """Connections of each of the API's two pools."""
    sweep_s: float = Field(default=0.25, gt=0, le=60, validation_alias="LIVESHELF_SWEEP_S")
    """Wall seconds the worker waits for a notification before it looks by itself."""
    shortage_hold_s: float = Field(default=15.0, ge=0, validation_alias="LIVESHELF_SHORTAGE_HOLD_S")
    """Shop seconds a shelf must be low before anyone is told: long enough for a hand that puts the goods back."""
    basket_hold_s: float = Field(default=7200.0, gt=0, validation_alias="LIVESHELF_BASKET_HOLD_S")
    """Shop seconds after its pick in which a unit nobody paid for counts as lost: two hours, several times a long round
    through a shop. A till that tells its sales in batches needs longer than the time between two of them."""


def settings_from_environment() -> CloudSettings:
    """Return the settings. Raises ConfigurationError naming every variable that is wrong."""
    try:
        return CloudSettings()  # type: ignore[call-arg]  # the environment gives the arguments
    except ValidationError as error:
        said = [f"{'.'.join(map(str, one['loc']))}: found {one['input']!r}: {one['msg']}" for one in error.errors()]
        raise ConfigurationError("\n".join(said)) from None
