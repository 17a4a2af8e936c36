"""Who a person is and what a role allows. Refusals are sentences; the database keeps four eyes by itself as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mappings.nearest import did_you_mean
from pipelines.home.settings import Person, Role
from taps._kit.errors import CounterfoilError, Misconfigured

_WORKERS = (Role.OPERATOR, Role.PREPARER, Role.REVIEWER)
RIGHTS: dict[str, tuple[Role, ...]] = {
    "assign": (*_WORKERS, Role.ADMIN),
    "comment": tuple(role for role in Role if role is not Role.VIEWER),
    "resolve": _WORKERS,
    "write off or accept": (Role.PREPARER, Role.REVIEWER),
    "approve": (Role.REVIEWER,),
    "reopen": _WORKERS,
    "fix": (*_WORKERS, Role.ADMIN),
    "prepare": (Role.PREPARER,),
    "review": (Role.REVIEWER,),
    "certify": (Role.REVIEWER,),
    "unlock": (Role.ADMIN, Role.REVIEWER),
    "pack": (Role.AUDITOR, Role.PREPARER, Role.REVIEWER, Role.ADMIN),
    "see personal fields": (Role.AUDITOR, Role.REVIEWER),
}
"""What each role may do; the docs print it, a test compares. To look needs no role."""
_EXAMPLE = "people:\n  mary: {roles: [preparer]}\n  tom: {roles: [reviewer]}"


class Refused(CounterfoilError):
    """What was asked for is not allowed, or does not go in the state that things are in."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person who acts, and through what."""

    name: str
    roles: tuple[Role, ...]
    account: str = ""
    """The account that the program ran under: `cli:www`. Stands in the log beside the name."""

    @property
    def signature(self) -> str:
        """How the log names who acted."""
        return f"{self.name} ({self.account})" if self.account else self.name

    def require(self, right: str) -> None:
        """Raise Refused unless one of the roles has the right."""
        allowed = RIGHTS[right]
        if not set(self.roles) & set(allowed):
            held = ", ".join(self.roles)
            raise Refused(f"{self.name} may not {right}: that takes the role {_or(allowed)}, and {self.name} is {held or 'nothing'}.")


def actor_of(people: Mapping[str, Person], name: str | None, account: str) -> Actor:
    """The person that a name stands for. `account` is `cli:` with the account of the operating system.

    Raises Misconfigured where counterfoil.yaml knows nobody or not this one, and Refused where the name belongs to another account.
    """
    if not people:
        raise Misconfigured(f"counterfoil.yaml names no people, so nobody can sign or settle anything. Add for example:\n{_EXAMPLE}")
    if not name:
        raise Misconfigured(f"Say who you are: --as NAME, or COUNTERFOIL_USER. counterfoil.yaml knows {', '.join(people)}.")
    person = people.get(name)
    if person is None:
        hint = did_you_mean(name, people)
        raise Misconfigured(f"counterfoil.yaml knows no {name!r} under people{f'; {hint}' if hint else ''}.")
    if person.account is not None and account != f"cli:{person.account}":
        raise Refused(f"{name} acts from the account {person.account!r} only; this is {account.removeprefix('cli:')!r}.")
    return Actor(name, tuple(person.roles), account)


def _or(roles: tuple[Role, ...]) -> str:
    return roles[0] if len(roles) == 1 else f"{', '.join(roles[:-1])} or {roles[-1]}"
