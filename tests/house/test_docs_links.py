"""Every link between our pages leads somewhere."""

from __future__ import annotations

import re

from tests.house.source_tree import ROOT

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def test_every_link_between_pages_leads_to_a_file() -> None:
    broken = [
        f"{page.relative_to(ROOT)} -> {target}"
        for page in PAGES
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert not broken


def test_no_page_or_file_names_a_path_of_a_machine() -> None:
    foreign = re.compile(r"(?<![\w.])/(?:work|root|home/[a-z]+)/")
    named = [str(page.relative_to(ROOT)) for page in PAGES if foreign.search(page.read_text(encoding="utf-8"))]
    assert not named
