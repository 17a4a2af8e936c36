"""The docs say what the code does: every command, setting, problem code, connector and word, and none that is not there."""

from __future__ import annotations

import enum
import importlib
import inspect
import re
from typing import get_args

import pytest
import typer
from pydantic import BaseModel

from mappings.problem import CODES
from pipelines.cli.main import app
from pipelines.home import settings
from pipelines.hub import words
from taps._kit.facts import DeliveryClass
from taps._kit.registry import taps
from targets._kit.registry import targets
from tests._kit.tree import ROOT, files, relative

DOCS = ROOT / "docs"
FIRST_CELL = re.compile(r"^\| `?([^`|]+?)`? \|", re.MULTILINE)
MARK = re.compile(r"<!-- (?:enum|settings): ([\w.]+) -->\n((?:(?!<!--|^#).*\n?)*)", re.MULTILINE)


def cells(text: str) -> list[str]:
    """The first column of the tables in a text, without their heads."""
    return [cell for cell in FIRST_CELL.findall(text) if not re.search(rf"^\| {re.escape(cell)} \|.*\n\|[-|]+$", text, re.MULTILINE)]


def marked(page: str) -> dict[str, list[str]]:
    """The tables of a page that name what they list."""
    return {name: cells(table) for name, table in MARK.findall((DOCS / page).read_text())}


def named(dotted: str):
    module, name = dotted.rsplit(".", 1)
    return getattr(importlib.import_module(module), name)


def dotted(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def models(*roots: type[BaseModel]) -> list[type[BaseModel]]:
    """The models and those that their fields hold, in order."""
    found: dict[str, type[BaseModel]] = {}

    def walk(annotation):
        if inspect.isclass(annotation) and issubclass(annotation, BaseModel) and dotted(annotation) not in found:
            found[dotted(annotation)] = annotation
            for field in annotation.model_fields.values():
                walk(field.annotation)
        for argument in get_args(annotation):
            walk(argument)

    for root in roots:
        walk(root)
    return list(found.values())


def fields(model: type[BaseModel]) -> set[str]:
    """The settings of a model as people write them."""
    return {field.alias or name for name, field in model.model_fields.items()}


# ── problems ──


def test_every_problem_code_has_its_row():
    assert sorted(cells((DOCS / "problems.md").read_text())) == sorted(CODES)


# ── words ──

GLOSSARY = marked("glossary.md")


@pytest.mark.parametrize("name", GLOSSARY)
def test_the_glossary_lists_the_words_of_the_code(name):
    assert sorted(GLOSSARY[name]) == sorted(member.value for member in named(name))


def test_every_list_of_words_is_in_the_glossary():
    enums = [cls for _, cls in inspect.getmembers(words, inspect.isclass) if issubclass(cls, enum.StrEnum) and cls is not enum.StrEnum]
    assert {dotted(cls) for cls in [*enums, DeliveryClass]} - set(GLOSSARY) == set()


# ── settings ──

SETTINGS = marked("settings.md")
HOME = models(settings.Installation, settings.TapConnection, settings.TargetConnection, settings.Route)


@pytest.mark.parametrize("name", SETTINGS)
def test_the_page_lists_the_settings_of_the_code(name):
    assert set(SETTINGS[name]) == fields(named(name))


def test_every_model_of_the_home_folder_is_on_the_page():
    assert {dotted(model) for model in HOME} == {dotted(named(name)) for name in SETTINGS}


# ── commands ──

COMMANDS = typer.main.get_command(app).commands
SECTIONS = dict(re.findall(r"^## counterfoil (\S+)\n((?:(?!^## ).*\n?)*)", (DOCS / "commands.md").read_text(), re.MULTILINE))


def written(parameter) -> str:
    """An option or argument as people write it."""
    return max(parameter.opts, key=len) if parameter.param_type_name == "option" else parameter.name.upper()


def test_every_command_is_on_the_page():
    assert list(SECTIONS) == list(COMMANDS)


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if not hasattr(command, "commands")])
def test_the_page_lists_the_options_of_the_command(name):
    rows = re.findall(r"^\| `(-?-?[\w-]+)` \|", SECTIONS[name], re.MULTILINE)
    assert sorted(rows) == sorted(written(parameter) for parameter in COMMANDS[name].params if parameter.name != "help")


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if hasattr(command, "commands")])
def test_the_page_tells_of_the_commands_below_a_command(name):
    for below, command in COMMANDS[name].commands.items():
        assert f"`counterfoil {name} {below}`" in SECTIONS[name]
        assert [one for one in map(written, command.params) if one != "--help" and f"`{one}`" not in SECTIONS[name]] == []


# ── connectors ──

CONNECTORS = {**taps(), **targets()}


@pytest.mark.parametrize("name", CONNECTORS)
def test_every_connector_has_a_page_with_every_setting(name):
    page = (DOCS / "connectors" / f"{name}.md").read_text()
    missing = {
        field
        for model in models(CONNECTORS[name].config)
        for field in fields(model)
        if f"`{field}`" not in page and f"{field}:" not in page
    }
    assert missing == set()


def test_every_page_has_its_connector():
    assert {path.stem for path in (DOCS / "connectors").glob("*.md")} == set(CONNECTORS)


# ── links ──


def test_every_link_of_the_docs_leads_somewhere():
    links = [
        (path, link) for path in files() if path.suffix == ".md" for link in re.findall(r"\]\(([^)#\s]+)(?:#[\w-]*)?\)", path.read_text())
    ]
    assert [f"{relative(path)} → {link}" for path, link in links if "://" not in link and not (path.parent / link).exists()] == []
