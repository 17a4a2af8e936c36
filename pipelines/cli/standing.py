"""How things stand, in words: shared by `run`, `status` and `demo`. The numbers are those of `pipelines.sandbox.demo.report`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipelines.cli.page import Page, amount, number

if TYPE_CHECKING:
    from pipelines.home.load import Home
    from pipelines.hub.queries import CodeCount
    from pipelines.hub.store import Hub
    from pipelines.steps.run import Report

_OPEN = ("in_doubt", "refused", "held", "waiting", "ready")
_ORDER = ("delivered", "summarised", "merged", "excluded", *_OPEN)
_STUCK_ROWS = ("problem", "held", "untranslated")


def how_it_stands(home: Home, hub: Hub, done: Report) -> dict[str, Any]:
    """The report of a run as people and programs may see it: addresses without their passwords."""
    from pipelines.sandbox.demo import report

    return spoken(report(home, hub, done))


def spoken(told: dict[str, Any]) -> dict[str, Any]:
    """The report without the password of a database."""
    from pipelines.hub.queries import spoken_url

    return told | {"database": spoken_url(told["database"]) if told["database"] else None}


def show_run(page: Page, home: Home, told: Mapping[str, Any], codes: Sequence[CodeCount]) -> None:
    """What one run did, and how things stand after it."""
    written = sum(told["written"].values())
    page.say(
        f"{number(told['landed'])} rows read, {number(told['documents'])} documents in the hub, "
        f"{number(written)} written in this run, {told['seconds']:.1f} s."
    )
    for name, count in told["written"].items():
        if count:
            page.say(f"  {name}: {number(count)} documents written")
    show_fates(page, told)
    show_equations(page, told)
    show_codes(page, codes)
    show_next(page, home, told, codes)


def show_fates(page: Page, told: Mapping[str, Any]) -> None:
    """What became of the documents, by posting: counts and amounts."""
    page.title("What became of the documents")
    rows: list[Sequence[str]] = []
    for name, fates in told["postings"].items():
        called = name
        for fate in sorted(fates, key=lambda fate: _ORDER.index(fate) if fate in _ORDER else len(_ORDER)):
            amounts = [amount(Decimal(text), unit) for unit, text in fates[fate]["amount"].items()]
            rows.append((called, fate.replace("_", " "), number(fates[fate]["count"]), amounts[0] if amounts else ""))
            rows += [("", "", "", more) for more in amounts[1:]]
            called = ""
    if rows:
        page.table(("posting", "fate", "documents", "amount"), rows, right=("documents", "amount"))
    else:
        page.say("  No document has been planned yet.")


def show_equations(page: Page, told: Mapping[str, Any]) -> None:
    """Both equations: green where all is done, amber where something is open, red where something is not accounted for."""
    page.title("The two equations")
    page.lamp(*intake_lamp(told))
    page.lamp(*route_lamp(told))


def intake_lamp(told: Mapping[str, Any]) -> tuple[str, str]:
    """Whether every row that the readers handed out is accounted for."""
    read = sum(each["read"] for each in told["intake"])
    broken = [each["stream"] for each in told["intake"] if not each["balanced"]]
    if broken:
        return "red", f"Intake: rows of {', '.join(broken)} are not accounted for. Nothing of them may be trusted until that is explained."
    stuck = sum(each.get(outcome, 0) for each in told["intake"] for outcome in _STUCK_ROWS)
    if stuck:
        return "amber", f"Intake: each of {number(read)} rows read is accounted for; {number(stuck)} of them wait for somebody."
    return "green", f"Intake: each of {number(read)} rows read is accounted for."


def route_lamp(told: Mapping[str, Any]) -> tuple[str, str]:
    """Whether every document in scope has a fate, and what was delivered was read back with its amount."""
    if not told["balanced"]["route"]:
        return (
            "red",
            "Route: what the targets hold is not what was to be delivered; `counterfoil status` says where.",
        )
    open_ = {fate: told["fates"][fate]["count"] for fate in _OPEN if told["fates"].get(fate, {}).get("count")}
    if open_:
        listed = ", ".join(f"{number(count)} {fate.replace('_', ' ')}" for fate, count in open_.items())
        return "amber", f"Route: counts and amounts agree; not done yet: {listed}."
    return "green", "Route: counts and amounts agree, as read back from the targets."


def show_codes(page: Page, codes: Sequence[CodeCount]) -> None:
    """Open problems, the first of each code."""
    if not codes:
        return
    page.title("Open problems")
    for each in codes:
        more = f" ({number(each.count)} of these)" if each.count > 1 else ""
        page.item(f"{each.code}{more}: {each.say}", each.fix)


def show_next(page: Page, home: Home, told: Mapping[str, Any], codes: Sequence[CodeCount]) -> None:
    """What somebody can do now."""
    steps = next_steps(home, told, codes)
    page.title("What to do next")
    for step in steps:
        page.item(step)


def next_steps(home: Home, told: Mapping[str, Any], codes: Sequence[CodeCount]) -> list[str]:
    """Suggestions, the most urgent first; never empty."""
    states, steps = told["operations"], []
    if not all(told["balanced"].values()):
        steps.append("Stop relying on the numbers of the red equation, and report it with the output of `counterfoil status --json`.")
    if states.get("in_doubt"):
        steps.append("`counterfoil run` looks up what is in doubt before anything is sent again.")
    if codes:
        steps.append("`counterfoil problems` lists what stands in the way, and how to mend it.")
    if states.get("refused") or states.get("held"):
        steps.append("After mending, `counterfoil retry --all` sends refused and held documents again; mended sources need nothing.")
    if states.get("waiting"):
        steps.append("What waits (for its sale, or for a time) goes by itself once that is there.")
    shadows = [route.name for route in home.routes.values() if route.mode.value == "shadow"]
    if shadows and states.get("ready"):
        steps.append(f"Nothing is sent by {', '.join(shadows)}: their mode is shadow. Set `mode: auto` in the route when you agree.")
    elif states.get("ready"):
        steps.append("`counterfoil run` sends what is ready.")
    if not told["intake"]:
        steps.append("`counterfoil run` reads the sources for the first time.")
    return steps or ["Nothing: all that was read is done."]
