"""What the pages are told from outside, beside the settings of the cloud part."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict


class WebSettings(BaseSettings):
    """Settings of the pages, from variables that begin with LIVESHELF_."""

    model_config = SettingsConfigDict(
        env_prefix="LIVESHELF_", env_ignore_empty=True, extra="ignore", frozen=True, str_strip_whitespace=True
    )

    demo_control: str | None = None
    """Path of the unix socket by which the demo takes commands; without it there are no demo buttons."""


def web_settings_from_environment() -> WebSettings:
    """Return the settings."""
    return WebSettings()
