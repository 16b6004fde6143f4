"""What the `liveshelf` command says and how it ends when it is called wrongly or with too little installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.access.login.model import ROLES
from cloud.access.model import SCOPES
from liveshelf.commands import SCOPES as SCOPES_IN_HELP
from liveshelf.people import ROLES as ROLES_IN_HELP
from tests.integration.liveshelf.running import PREFIX, liveshelf, liveshelf_on_a_shelf


def test_it_tells_its_version() -> None:
    told = liveshelf("--version")
    assert told.returncode == 0
    assert told.stdout.startswith("liveshelf ")


def test_its_help_says_what_the_exit_codes_mean() -> None:
    assert "Exit codes: 0 done, 1 it did not work" in liveshelf("--help").stdout


def test_the_help_for_keys_names_every_scope_there_is() -> None:
    assert SCOPES_IN_HELP == SCOPES


def test_the_help_for_people_names_every_role_there_is() -> None:
    assert ROLES_IN_HELP == ROLES


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        ("demo", "demo"),
        ("bench", "demo"),
        ("gateway run", "gateway"),
        ("foreign check other.toml", "gateway"),
        ("cloud api", "cloud"),
        ("cloud worker", "cloud"),
        ("cloud import --store s --catalog c.csv", "cloud"),
        ("cloud key create --name n --scope availability:read --store s", "cloud"),
        ("people list", "cloud"),
        ("people add li --name Li --role staff --store s", "cloud"),
        ("db up", "gateway"),
        ("db migrate", "gateway"),
        ("db status", "gateway"),
        ("db dead-letters", "gateway"),
        ("db dead-letters 7", "gateway"),
        ("db dead-letters replay 7", "gateway"),
        ("replay --planogram p.csv r.csv", "gateway"),
        ("plan p.csv --catalog c.csv", "cloud"),
    ],
)
def test_on_a_shelf_each_command_names_the_extra_it_needs(arguments: str, extra: str) -> None:
    told = liveshelf_on_a_shelf(*arguments.split())
    assert told.returncode == 2
    assert told.stderr.startswith(PREFIX)
    assert f"pip install 'liveshelf[{extra}]'" in told.stderr
    assert len(told.stderr.splitlines()) == 1


def test_on_a_shelf_the_doctor_still_looks_at_the_machine() -> None:
    told = liveshelf_on_a_shelf("doctor")
    assert "extra gateway" in told.stdout
    assert told.stderr == ""


def test_a_word_nobody_knows_ends_with_2() -> None:
    told = liveshelf("demmo")
    assert told.returncode == 2
    assert "No such command 'demmo'" in told.stderr


def test_an_import_of_no_file_says_which_there_are() -> None:
    told = liveshelf("cloud", "import", "--store", "corner-shop")
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == f"{PREFIX}found no file, expected at least one of --catalog, --planogram and --stock\n"


@pytest.mark.parametrize("command", ["db status", "db migrate", "cloud import --store s --catalog c.csv"])
def test_what_is_no_database_address_is_one_sentence(command: str) -> None:
    told = liveshelf(*command.split(), LIVESHELF_DATABASE_URL="nowhere")
    assert told.returncode == 2
    assert told.stderr.startswith(f"{PREFIX}database address: cannot be read, expected")


def test_a_file_in_the_way_of_a_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("", encoding="utf-8")
    told = liveshelf("sim", "scenario", tmp_path / "shop")
    assert told.returncode == 1
    assert told.stderr == f"{PREFIX}{tmp_path}/shop: File exists\n"
