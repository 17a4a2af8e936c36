"""How the breaks of a report stand at a signature, what forbids it, and the sentences that are signed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.engine import Connection

from pipelines.home.settings import Close, Company
from pipelines.reconcile.exports.totals import spoken
from pipelines.reconcile.report import ZERO, Report
from pipelines.reconcile.store import SYSTEM
from pipelines.reconcile.words import Stage
from pipelines.reconcile.work import Work, carried, is_open, works

_MOST = 10
_UNITS = {"C62": "units", "HUR": "hours"}
_CLAIM = {
    Stage.PREPARED: "I have prepared this reconciliation",
    Stage.REVIEWED: "I have reviewed this reconciliation, which {preparer} prepared",
    Stage.CERTIFIED: "I certify this reconciliation, which {preparer} prepared",
}
_AUTOMATIC = (
    "Prepared by the program, as the company has chosen (`close: auto: prepare`): nothing waited for a person. Nobody has looked yet."
)
_OWN = "source, hub, target and bank were compared in full as far as its notes say nothing else, and every difference is named"


@dataclass(frozen=True, slots=True)
class Standing:
    """The breaks of a report beside the work on them."""

    report: Report
    work: tuple[Work, ...]
    """Of the report's breaks, in its order."""
    carried: tuple[Work, ...]
    """Open work of earlier periods, the oldest first."""

    @property
    def explained(self) -> tuple[Work, ...]:
        """Accepted and written off: they stay lines of the reconciliation, explained."""
        return tuple(each for each in self.work if each.explained)

    @property
    def open(self) -> tuple[Work, ...]:
        """Nobody has settled these."""
        return tuple(each for each in self.work if is_open(each))

    def under_way(self, policy: Close) -> tuple[Work, ...]:
        """Open ones of which every cause is of a class that the company carries over."""
        carry = set(policy.carry)
        causes = {each.key: {str(cause.kind) for cause in each.causes} for each in self.report.breaks}
        return tuple(each for each in self.open if causes.get(each.key) and causes[each.key] <= carry)

    def unsettled(self, policy: Close) -> tuple[Work, ...]:
        """Open ones that are not merely under way."""
        moving = {each.key for each in self.under_way(policy)}
        return tuple(each for each in self.open if each.key not in moving)


def standing_of(tx: Connection, report: Report) -> Standing:
    """How the breaks of a stored report stand."""
    known = works(tx, report.company, open_only=True)
    missing = [each.key for each in report.breaks if each.key not in known]
    if missing:  # closed since by a newer report: the signature is over this one
        known |= works(tx, report.company, keys=missing)
    return Standing(report, tuple(known[each.key] for each in report.breaks if each.key in known), tuple(carried(known, report.period)))


def open_sentences(stands: Standing, policy: Close) -> list[str]:
    """What the open breaks forbid, unless the company lets them be listed."""
    unsettled = stands.unsettled(policy)
    if not unsettled or policy.open_breaks == "list":
        return []
    lines = [f"{each.key[:8]} {each.kind} {each.number}: {_plus(each.difference)} {_unit(each.unit)}, {each.break_class}, {_state(each)}"
             for each in unsettled[:_MOST]]  # fmt: skip
    more = [f"and {len(unsettled) - _MOST} more"] if len(unsettled) > _MOST else []
    count = "1 break is" if len(unsettled) == 1 else f"{len(unsettled)} breaks are"
    return [f"{count} open ({total(unsettled)}): {'; '.join(lines + more)}. Resolve or accept each with a reason."]


def statement(stage: Stage, person: str, preparer: str, company: Company, stands: Standing, bound: str) -> str:
    """The sentences that somebody signs: the claim, the figures, and the hash that both are bound to."""
    policy, report = company.close, stands.report
    claim = _AUTOMATIC if person == SYSTEM else policy.statement or f"{_CLAIM[stage].format(preparer=preparer)}: {_OWN}."
    what = f"{company.legal_name} ({report.company}), {report.period}"
    lines = [
        f"{what}, reconciliation {report.run}, cut-off {report.as_of:%Y-%m-%d %H:%M:%S} UTC.",
        claim,
        f"Unexplained: {figures(report.unexplained) or '0.00'}.",
        _counted("accepted or written off", stands.explained),
        _counted("carried over, under way", stands.under_way(policy)),
        _counted("open and listed", stands.unsettled(policy)),
        _counted("open from earlier periods", stands.carried),
        f"What could not be asked: {' '.join(report.notes)}" if report.notes else "",
        f"Signed as {stage} by {person} over SHA-256 {bound}.",
    ]
    return "\n".join(line for line in lines if line)


def figures(amounts: Mapping[str, Decimal]) -> str:
    """Amounts by unit, as people write them."""
    return ", ".join(f"{spoken(amount)} {_unit(unit)}" for unit, amount in sorted(amounts.items()))


def total(found: Iterable[Work]) -> str:
    """Net difference by unit."""
    sums: dict[str, Decimal] = {}
    for each in found:
        sums[each.unit] = sums.get(each.unit, ZERO) + each.difference
    return ", ".join(f"{_plus(amount)} {_unit(unit)}" for unit, amount in sorted(sums.items()))


def _counted(what: str, found: tuple[Work, ...]) -> str:
    return f"{len(found)} {what}: {total(found)}." if found else ""


def _state(each: Work) -> str:
    owner = f" by {each.owner}" if each.owner else ""
    return f"{each.state.replace('_', ' ')}{owner}"


def _plus(amount: Decimal) -> str:
    return f"{'+' if amount > 0 else ''}{spoken(amount)}"


def _unit(unit: str) -> str:
    return _UNITS.get(unit, unit)
