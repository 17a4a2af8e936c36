"""The pages that users read say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mappings.model import REGISTRY
from mappings.model.order import OrderLine
from mappings.posting import EFFECTS
from mappings.posting.books import SETTLEMENT_OF, Books
from mappings.posting.table import table

DOCS = Path(__file__).parents[2] / "docs"
POSTING = (DOCS / "posting.md").read_text(encoding="utf-8")
MODEL = (DOCS / "model.md").read_text(encoding="utf-8")


def written(part):
    return re.search(rf"<!-- {part} -->\n(.*?)<!-- /{part} -->", POSTING, re.DOTALL)[1]


def rows(*header, values):
    cells = [header, ["---"] * len(header), *values]
    return "".join("| " + " | ".join(row) + " |\n" for row in cells)


EXPECTED = {
    "table": lambda: rows(
        "event", "what", "side", "account role", "component", "control",
        values=[(event, what, side, role.replace("|", "or"), component, "yes" if control else "")
                for event, what, side, role, component, control in table().rows()],
    ),
    "decisions": lambda: rows(
        "decision", "question", "answers",
        values=[(name, each.question, " ".join(f"`{answer}`: {means}" for answer, means in each.answers.items()))
                for name, each in table().decisions.items()],
    ),
    "roles": lambda: rows(
        "role", "what it is", "suggested account",
        values=[(name, role.means, f"`{role.suggested}`") for name, role in table().roles.items()],
    ),
}  # fmt: skip


@pytest.mark.parametrize("part", EXPECTED)
def test_the_page_holds_the_table_as_it_is(part):
    """Where this fails: put what it expects between the two comments of docs/posting.md."""
    assert written(part) == EXPECTED[part]()


def test_every_document_and_kind_of_line_is_on_the_page():
    told = set(re.findall(r"`(\w+)`", MODEL))
    assert told >= REGISTRY.keys()
    assert told >= set(OrderLine.model_fields["kind"].annotation.__args__)


def test_every_representation_that_settles_and_every_setting_is_on_the_page():
    told = set(re.findall(r"\w+", POSTING))
    assert told >= SETTLEMENT_OF.keys()
    assert told >= Books.model_fields.keys()
    assert {name for name, effect in EFFECTS.items() if effect == "cost"} <= told


def test_every_code_that_posting_gives_is_on_the_page():
    source = "".join(path.read_text(encoding="utf-8") for path in (DOCS.parent / "mappings" / "posting").glob("*.py"))
    assert set(re.findall(r'"(POST-\w+)"', source)) == set(re.findall(r"POST-\w+", POSTING))
