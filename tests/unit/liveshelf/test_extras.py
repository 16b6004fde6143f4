"""What a command says when its extra is not installed."""

from __future__ import annotations

import pytest

from liveshelf.extras import MODULES, STORE_MODULES, PackagesMissing, require


def test_a_command_runs_when_its_packages_are_there() -> None:
    require(MODULES["gateway"], extra="gateway", has=set(MODULES["gateway"]).__contains__)


def test_one_missing_package_is_one_sentence_that_names_the_extra() -> None:
    here = set(MODULES["gateway"]) - {"numpy"}
    with pytest.raises(PackagesMissing, match=r"numpy is not installed; pip install 'liveshelf\[gateway\]' brings it$"):
        require(MODULES["gateway"], extra="gateway", has=here.__contains__)


def test_several_missing_packages_are_named_together() -> None:
    with pytest.raises(PackagesMissing, match=r"psycopg, fastapi are not installed; .* brings them$"):
        require(("psycopg", "paho", "fastapi"), extra="demo", has={"paho"}.__contains__)


def test_a_store_needs_what_its_programs_need() -> None:
    for program in ("edge", "gateway", "cloud"):
        assert set(MODULES[program]) <= set(STORE_MODULES)
