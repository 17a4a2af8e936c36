"""The posting table as values: `rules.yaml`, read once and checked. What it says is in the file; this module only refuses a bad one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

SETTLEMENT = "settlement"
"""Stands in the table for the role that a representation settles on."""
ROUNDING = "Rounding"


@dataclass(frozen=True, slots=True)
class Rule:
    """Where one part of an event's amount goes."""

    role: str
    """An account role, or SETTLEMENT; '' where a decision chooses."""
    sign: int
    """+1 debit, −1 credit."""
    component: str
    control: bool = False
    bridge: str = ""
    decision: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    """Role by answer of the decision."""


@dataclass(frozen=True, slots=True)
class Role:
    """What an account role is for, and the account that the embedded ledger suggests."""

    means: str
    suggested: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A question that the firm answers, not the program."""

    question: str
    answers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """The whole of `rules.yaml`."""

    events: Mapping[str, Mapping[str, Rule]]
    roles: Mapping[str, Role]
    decisions: Mapping[str, Decision]

    def rows(self) -> Iterator[tuple[str, str, str, str, str, bool]]:
        """Event, what, side, role (or the answers' roles), component, control: for people and documentation."""
        for event, rules in self.events.items():
            for what, rule in rules.items():
                role = rule.role or " | ".join(f"{answer}: {chosen}" for answer, chosen in rule.answers.items())
                yield event, what, "debit" if rule.sign > 0 else "credit", role, rule.component, rule.control


def _rule(event: str, what: str, row: dict[str, Any]) -> Rule:
    """One row of the file; ValueError names a row that is not one."""
    sides = [side for side in ("debit", "credit") if side in row]
    unknown = row.keys() - {"debit", "credit", "component", "control", "bridge", "decision"}
    if len(sides) != 1 or unknown or "component" not in row:
        raise ValueError(f"{event}.{what} needs exactly one of debit and credit, a component, and nothing unknown")
    target = row[sides[0]]
    if isinstance(target, dict) is not ("decision" in row):
        raise ValueError(f"{event}.{what}: one role for each answer, and the decision that is answered, go together")
    return Rule(
        role="" if isinstance(target, dict) else target,
        sign=1 if sides[0] == "debit" else -1,
        component=row["component"],
        control=row.get("control", False),
        bridge=row.get("bridge", ""),
        decision=row.get("decision", ""),
        answers=MappingProxyType(target) if isinstance(target, dict) else MappingProxyType({}),
    )


def parse(text: str) -> Table:
    """A table from its YAML. ValueError where a row names a role, a decision or an answer that the file does not describe."""
    raw = yaml.safe_load(text)
    roles = {name: Role(**row) for name, row in raw["roles"].items()}
    decisions = {name: Decision(row["question"], MappingProxyType(row["answers"])) for name, row in raw["decisions"].items()}
    events: dict[str, Mapping[str, Rule]] = {}
    for event, rows in raw["events"].items():
        inherited = events[rows["same_as"]] if "same_as" in rows else {}
        own = {what: _rule(event, what, row) for what, row in rows.items() if what != "same_as"}
        events[event] = MappingProxyType({**inherited, **own})
        for what, rule in own.items():
            if missing := ({rule.role, *rule.answers.values()} - {"", SETTLEMENT}) - roles.keys():
                raise ValueError(f"{event}.{what} names the unknown role {', '.join(sorted(missing))}")
            if rule.decision and not rule.answers.keys() <= decisions[rule.decision].answers.keys():
                raise ValueError(f"{event}.{what} knows an answer that the decision {rule.decision} does not have")
    return Table(MappingProxyType(events), MappingProxyType(roles), MappingProxyType(decisions))


@cache
def table() -> Table:
    """The shipped table."""
    return parse(files("mappings.posting").joinpath("rules.yaml").read_text(encoding="utf-8"))


def suggested_accounts() -> dict[str, str]:
    """An account for every role, as the embedded ledger names accounts: the start of a configuration."""
    return {name: role.suggested for name, role in table().roles.items()}
