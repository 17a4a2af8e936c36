"""`counterfoil close`: from a reconciliation to a certificate, and the pack that proves it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.ending import Ending, Invalid
from pipelines.cli.options import HERE, As, CompanyName, Home, Json
from pipelines.cli.working import Office, office_at

if TYPE_CHECKING:
    from pipelines.cli.page import Page
    from pipelines.reconcile.closing import Books, Closing
    from pipelines.reconcile.stand import Stand

app = typer.Typer(help="Close a period: two people sign the same figures.", rich_markup_mode=None, no_args_is_help=True)
Period = Annotated[str, typer.Option("--period", help="The month, as YYYY-MM.", show_default=False)]
Out = Annotated[Path, typer.Option("--out", help="The folder to write to.", show_default=False)]
_OUT = Path("packs")


@app.callback()
def close() -> None:
    """Close a period: two people sign the same figures."""


def _books(office: Office) -> Books:
    from pipelines.reconcile.closing import Books

    installation = office.loaded.installation
    return Books(office.hub, office.audit, office.company, installation.companies[office.company], installation.people)


@app.command("prepare")
def prepare(period: Period, home: Home = HERE, company: CompanyName = None, as_: As = None, as_json: Json = False) -> None:
    """Sign as preparer over the newest reconciliation of a period."""
    with office_at(home, company) as office:
        _signed(_books(office).prepare(office.actor(as_), period), as_json=as_json)


@app.command("review")
def review(period: Period, home: Home = HERE, company: CompanyName = None, as_: As = None, as_json: Json = False) -> None:
    """Sign as reviewer: somebody else than the preparer, over the same figures."""
    with office_at(home, company) as office:
        _signed(_books(office).review(office.actor(as_), period), as_json=as_json)


@app.command("certify")
def certify(period: Period, home: Home = HERE, company: CompanyName = None, as_: As = None, as_json: Json = False) -> None:
    """Sign the certificate; the period is locked."""
    with office_at(home, company) as office:
        _signed(_books(office).certify(office.actor(as_), period), as_json=as_json)


@app.command("auto")
def auto(home: Home = HERE, company: CompanyName = None, as_json: Json = False) -> None:
    """Prepare each month that nothing waits for, where `close: auto` allows it. Never reviews, never certifies."""
    from pipelines.cli.auditing import actor as account
    from pipelines.cli.page import Page, put_json
    from pipelines.reconcile.automatic import prepare_due

    with office_at(home, company) as office:
        found = prepare_due(office.hub, office.audit, office.loaded, office.company, account())
    if as_json:
        put_json({"company": office.company, "months": [each._asdict() for each in found]})
        return
    page = Page()
    for each in found:
        page.say(each.say)
    if not found:
        page.say("Every month that is over is certified.")


@app.command("unlock")
def unlock(
    period: Period,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stays in the log and in the pack.", show_default=False)],
    home: Home = HERE,
    company: CompanyName = None,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Open a locked period again; its certificate falls."""
    from pipelines.cli.page import Page, put_json

    with office_at(home, company) as office:
        fallen = _books(office).unlock(office.actor(as_), period, reason)
    if as_json:
        put_json({"period": period, "locked": False, "decertified": fallen.number if fallen else None})
        return
    Page().say(f"{period} is open again.{' Its certificate has fallen; new signatures are needed.' if fallen else ''}")


def _signed(done: Closing, *, as_json: bool) -> None:
    from pipelines.cli.page import Page, put_json

    if as_json:
        put_json(_told(done))
        return
    page = Page()
    page.say(f"{done.period} of {done.company} is {done.stage}. Signed:")
    page.say(done.signatures[-1].statement)


@app.command("status")
def status(period: Period, home: Home = HERE, company: CompanyName = None, as_json: Json = False) -> None:
    """Show how far a period is, who signed what, what stands in the way, and what came after its close."""
    from pipelines.cli.page import Page, put_json
    from pipelines.reconcile.closing import bounds
    from pipelines.reconcile.stand import last_report, stand_within

    bounds(period)
    with office_at(home, company) as office, office.hub.read() as tx:
        report = last_report(tx, office.company, period)
        if report is None:
            raise Invalid(f"{period} of {office.company} has not been reconciled yet: counterfoil reconcile --period {period}")
        found = stand_within(tx, report)
        why_not = _books(office).why_not(tx, report)
    if as_json:
        put_json(_standing(found, why_not))
    else:
        _show(Page(), found, why_not)


def _standing(found: Stand, why_not: list[str]) -> dict[str, Any]:
    return {
        "company": found.report.company,
        "period": found.report.period,
        "stage": found.stage,
        "run": found.report.run,
        "as_of": found.report.as_of,
        "status": found.report.status,
        "unexplained": found.report.unexplained,
        "why_not": why_not,
        "closings": [_told(each) for each in found.closings],
        "carried": [asdict(each) | {"age": found.age(each), "difference": each.difference} for each in found.carried],
        "late": [{"key": each.key, "number": each.number, "unit": each.unit, "difference": each.difference} for each in found.late],
        "roll_forward": [asdict(each) for each in found.roll_forward],
    }


def _show(page: Page, found: Stand, why_not: list[str]) -> None:
    from pipelines.cli.page import amount, moment

    report = found.report
    page.say(f"{report.period} of {report.company} is {found.stage}. Reconciliation {report.run}, cut-off {moment(report.as_of)} UTC.")
    for each in found.closings:
        page.title(f"Closing {each.number}: {each.stage}{f', {each.reason}' if each.reason else ''}")
        page.table(("signed (UTC)", "as", "by", ""), [(moment(one.signed_at), one.stage, one.actor, one.bound_hash[:16])
                                                      for one in each.signatures])  # fmt: skip
    if found.stage != "certified":
        page.title("What stands in the way of a signature")
        for sentence in why_not or ["Nothing."]:
            page.item(sentence)
    if found.late:
        page.title("Came after the close; it belongs to the open period")
        page.table(("key", "kind", "number", "difference"), [(one.key[:10], one.kind, one.number, amount(one.difference, one.unit))
                                                             for one in found.late], right=("difference",))  # fmt: skip
    if found.carried:
        page.title("Open from earlier periods")
        page.table(
            ("key", "kind", "number", "difference", "age", "owner"),
            [(one.key[:10], one.kind, one.number, amount(one.difference, one.unit), found.age(one), one.owner) for one in found.carried],
            right=("difference", "age"),
        )
    if found.roll_forward:
        page.title("Differences")
        page.table(("", "count", "net"), [(one.label, one.count, amount(one.net, one.unit)) for one in found.roll_forward],
                   right=("count", "net"))  # fmt: skip


@app.command("pack")
def pack(
    period: Period,
    home: Home = HERE,
    company: CompanyName = None,
    number: Annotated[int | None, typer.Option("--closing", help="An earlier closing, as `status` numbers it.", show_default=False)] = None,
    out: Out = _OUT,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Write the auditor's pack of a certified period: one ZIP that can be checked anywhere."""
    from pipelines.cli.page import Page, put_json
    from pipelines.reconcile import pack as packing
    from pipelines.reconcile.canonical import digest
    from pipelines.reconcile.exports.keep import keep

    with office_at(home, company) as office:
        who = office.actor(as_)
        who.require("pack")
        legal_name = office.loaded.installation.companies[office.company].legal_name
        name, content = packing.build(office.hub, office.company, legal_name, period, number)
        with office.hub.begin() as tx:
            office.audit.record(tx, who.signature, "pack", f"{office.company} {period}", {"sha256": digest(content)})
    out.mkdir(parents=True, exist_ok=True)
    file = keep(out / name, content)
    if as_json:
        put_json({"file": str(file), "sha256": digest(content), "bytes": len(content)})
        return
    page = Page()
    page.say(f"{file}")
    page.say(f"SHA-256 {digest(content)}")


@app.command("sample")
def sample(
    period: Period,
    count: Annotated[int, typer.Option("--count", min=1, max=1_000, help="How many documents.")] = 25,
    seed: Annotated[int, typer.Option("--seed", help="The auditor's number: the same one chooses the same documents.")] = 1,
    kind: Annotated[str | None, typer.Option("--kind", help="Only documents of this type, such as order.", show_default=False)] = None,
    personal: Annotated[bool, typer.Option("--personal", help="Show personal fields and every value of the source rows.")] = False,
    home: Home = HERE,
    company: CompanyName = None,
    out: Out = _OUT,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Choose documents by value and seed, and write the chain of evidence of each as a PDF."""
    from pipelines.cli.page import Page, put_json
    from pipelines.reconcile import sample as sampling
    from pipelines.reconcile.sample_evidence import evidence
    from pipelines.reconcile.sample_paper import write

    with office_at(home, company) as office:
        who = office.actor(as_)
        who.require("see personal fields" if personal else "pack")
        with office.hub.read() as tx:
            chosen = sampling.choose(tx, office.company, period, count=count, seed=seed, kind=kind)
            pages = [(each, evidence(tx, each.document_id, personal=personal)) for each in chosen]
        about = {"count": count, "seed": seed, "kind": kind, "personal": personal, "documents": [each.document_id for each in chosen]}
        with office.hub.begin() as tx:
            office.audit.record(tx, who.signature, "sample", f"{office.company} {period}", about)
        name = f"sample-{office.company}-{period}-{seed}"
    written = write(out / name, f"{office.company}, {period}, sample of {len(chosen)}, seed {seed}", pages)
    if as_json:
        put_json({"files": [str(file) for file in written], "documents": [asdict(each) for each in chosen]})
    else:
        Page().say(f"{len(chosen)} documents, one PDF each, and list.csv: {out / name}")


@app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="The pack.", show_default=False)],
    home: Home = HERE,
    as_json: Json = False,
) -> int:
    """Check a pack: hashes, signatures, log; in a home folder also that its hub stands behind it."""
    from pipelines.cli.opening import home_at, hub_as_it_is
    from pipelines.cli.page import Page, put_json
    from pipelines.hub import keys
    from pipelines.hub.audit import Audit
    from pipelines.reconcile.pack_prove import prove
    from pipelines.reconcile.pack_verify import check

    found, proved = check(file), False
    if not found and (home != HERE or (home / "counterfoil.yaml").exists()):
        loaded = home_at(home)
        with hub_as_it_is(loaded) as hub:
            found = prove(file, hub, Audit(hub, keys.load(loaded.path)))
            proved = True
    if as_json:
        put_json({"ok": not found, "proved_by_hub": proved and not found, "wrong": found})
    else:
        page = Page()
        for sentence in found:
            page.item(sentence)
        page.say(_verdict(ok=not found, proved=proved))
    return Ending.DONE if not found else Ending.INVALID


def _verdict(*, ok: bool, proved: bool) -> str:
    if not ok:
        return "This pack is not what was signed."
    if proved:
        return "The pack is whole, what was signed is what is in it, and the log of this hub proves it."
    return "The pack is whole, and what was signed is what is in it. Whether it is the company's, its hub can prove: --home HOME."


def _told(each: Closing) -> dict[str, Any]:
    told = asdict(each)
    told["signatures"] = [{name: value for name, value in one.items() if name != "evidence"} for one in told["signatures"]]
    return told
