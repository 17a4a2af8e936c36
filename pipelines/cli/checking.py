"""`counterfoil check`: the configuration, every mistake at once, and whether each connection can be used."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.cli.ending import Ending
from pipelines.cli.options import HERE, Home, Json

if TYPE_CHECKING:
    from mappings.problem import Problem
    from pipelines.home.load import Home as LoadedHome


def check(home: Home = HERE, as_json: Json = False) -> int:
    """Check the configuration and every connection, without reading or writing any data."""
    from pipelines.cli.page import put_json
    from taps._kit.errors import Misconfigured

    try:
        found = _check(home)
    except Misconfigured as wrong:
        if not as_json:
            raise
        put_json({"ok": False, "mistakes": wrong.say.splitlines(), "connections": [], "mappings": [], "routes": []})
        return Ending.MISCONFIGURED
    if as_json:
        put_json(found)
    else:
        _show(found)
    return Ending.DONE if found["ok"] else Ending.MISCONFIGURED


def _check(folder: Path) -> dict[str, Any]:
    from pipelines.cli.opening import home_at

    home = home_at(folder)
    connections = _connections(home)
    return {
        "ok": not any(each["problems"] for each in connections),
        "mistakes": [],
        "connections": connections,
        "mappings": [
            {"name": name, "version": mapping.version, "documents": list(mapping.document_types)} for name, mapping in home.mappings.items()
        ],
        "routes": [
            {
                "name": route.name,
                "mode": route.mode.value,
                "sources": route.sources,
                "postings": {posting.name: posting.target for posting in route.posting},
            }
            for route in home.routes.values()
        ],
    }


def _connections(home: LoadedHome) -> list[dict[str, Any]]:
    """Each connection with what stands against it; asked through the hub where there is one, for secrets are kept there."""
    from pipelines.cli.opening import hub_if_there
    from pipelines.steps.hello import greet

    found = []
    with hub_if_there(home) as hub:
        for role, group in (("tap", home.taps), ("target", home.targets)):
            for name, connection in group.items():
                greeting = greet(home, hub, name)
                system = getattr(connection, role)
                notes, problems = list(greeting.notes), _told(greeting.problems)
                found.append({"name": name, "role": role, "system": system, "notes": notes, "problems": problems})
    return found


def _told(problems: Iterable[Problem]) -> list[dict[str, str]]:
    return [{"code": each.code, "field": each.field, "say": each.say, "fix": each.fix} for each in problems]


def _show(found: dict[str, Any]) -> None:
    from pipelines.cli.page import Page

    page = Page()
    page.title("Connections")
    for each in found["connections"]:
        page.lamp("ok" if not each["problems"] else "no", f"{each['name']} ({each['role']} {each['system']})")
        for problem in each["problems"]:
            page.item(f"{problem['code']}: {problem['say']}", problem["fix"])
        for note in each["notes"]:
            page.item(note)
    page.title("Mappings")
    for each in found["mappings"]:
        page.lamp("ok", f"{each['name']} version {each['version']}: makes {', '.join(each['documents']) or 'nothing'}")
    page.title("Routes")
    for each in found["routes"]:
        to = ", ".join(f"{name} → {target}" for name, target in each["postings"].items())
        page.lamp("ok", f"{each['name']} ({each['mode']}): {', '.join(each['sources'])} to {to}")
    page.say()
    page.say("The configuration can be used." if found["ok"] else "Some connections cannot be used yet; see above.")
