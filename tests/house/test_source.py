"""Rules about the source itself. Each rule is a function over text, so that a test can show it a breach."""

from __future__ import annotations

import ast
import re

import pytest

from tests._kit.tree import PACKAGES, ROOT, files, modules, parsed, relative

MONEY = ("mappings", "pipelines/hub", "pipelines/steps", "pipelines/reconcile")
LONGEST = 400
VAGUE = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|common)$")
SLASH = "/"
FOREIGN = re.compile(
    "|".join(
        (
            rf"(?<![\w.{SLASH}~-])/(work|farm|tmp|opt|root)/[\w.]",  # a path of one machine
            r"pypi\.(org|python)|pythonhosted\.|registry\.npmjs|index-url\s*=\s*[\"']?http",  # a package index
            r"\bC[E]O\b|[.]library\b",
        )
    )
)


SECONDS = re.compile("seconds|wait|timeout", re.IGNORECASE)
"""Names of a duration on this machine's clock: the one thing beside money that a float may be."""


def floats(tree: ast.AST) -> list[int]:
    """Lines on which a binary float is made: a call of `float`, or a literal with a point or an exponent that is no duration."""
    durations = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and SECONDS.search(node.targets[0].id):
            durations.add(id(node.value))
        if isinstance(node, ast.arguments):
            named = [*zip(reversed(node.args), reversed(node.defaults), strict=False), *zip(node.kwonlyargs, node.kw_defaults, strict=True)]
            durations |= {id(default) for argument, default in named if SECONDS.search(argument.arg)}
    return [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float")
        or (isinstance(node, ast.Constant) and isinstance(node.value, float) and id(node) not in durations)
    ]


@pytest.mark.parametrize(
    "breach", ["total = float(x)", "WAIT = float(x)", "share = 0.5", "def f(rate=0.5): ...", "x = 1e3", "sum(float(y) for y in z)"]
)
def test_the_rule_against_floats_sees_a_breach(breach):
    assert floats(ast.parse(breach)) == [1]


@pytest.mark.parametrize(
    "fine",
    ["Decimal('0.5')", "x = 1", "def seconds() -> float: ...", "isinstance(x, float)", "POLL_SECONDS = 0.05", "def f(*, wait=2.5): ..."],
)
def test_the_rule_against_floats_lets_decimals_be(fine):
    assert floats(ast.parse(fine)) == []


def test_no_float_where_money_lives():
    assert {relative(path): lines for path in modules(*MONEY) if (lines := floats(parsed(path)))} == {}


def test_modules_are_short():
    long = {relative(path): n for path in modules() if (n := len(path.read_text().splitlines())) > LONGEST}
    assert long == {}


@pytest.mark.parametrize(
    ("name", "vague"), [("utils", True), ("db_helpers", True), ("manager", True), ("outbox", False), ("utility_bill", False)]
)
def test_the_rule_on_names_sees_a_vague_one(name, vague):
    assert bool(VAGUE.search(name)) is vague


def test_modules_are_named_by_what_they_are():
    assert [relative(path) for path in modules(*PACKAGES, "tests") if VAGUE.search(path.stem) or VAGUE.search(path.parent.name)] == []


@pytest.mark.parametrize(
    "breach", ["cd " + SLASH + "work/main", "see (" + SLASH + "tmp/x)", "https://pypi" + ".org/simple", "files.python" + "hosted.org"]
)
def test_the_rule_against_foreign_places_sees_a_breach(breach):
    assert FOREIGN.search(breach)


@pytest.mark.parametrize(
    "fine", ["from PyPI", SLASH.join(("a", "work", "b")), SLASH.join(("tests", "tmp", "x")), "https://shop.example/opt/in", "../shared"]
)
def test_the_rule_against_foreign_places_lets_others_be(fine):
    assert not FOREIGN.search(fine)


def test_nothing_names_a_machine_or_an_index():
    found = {}
    for path in files():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        lines = [f"{number}: {line.strip()[:80]}" for number, line in enumerate(text.splitlines(), 1) if FOREIGN.search(line)]
        if lines:
            found[relative(path)] = lines
    assert found == {}


def test_nothing_is_left_for_later():
    later = re.compile("TO[D]O|FIX[M]E|XX[X]|raise NotImplemented[E]rror")
    assert [relative(path) for path in modules(*PACKAGES, "tests") if later.search(path.read_text())] == []


def test_every_module_says_what_it_is():
    assert [relative(path) for path in modules() if not ast.get_docstring(parsed(path))] == []


def test_the_licence_is_whole():
    text = (ROOT / "LICENSE").read_text()
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
