"""Bugs to plant: each a patch of the product's source that must be found by the checker, an equation, the hub's rules or the run itself.

A patch is exact text that must occur once; where the product is rewritten, the patch is to be rewritten with it, so that the bug stays one.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("mappings", "taps", "targets", "pipelines")
_AGAIN = 'tx.exec_driver_sql("COMMIT")\n        tx.exec_driver_sql("BEGIN")\n        '


@dataclass(frozen=True)
class Bug:
    """What is wrong, where, and the kills that bring it to light."""

    name: str
    edits: tuple[tuple[str, str, str], ...]
    """(file, the text as it is, the text with the bug)."""
    kills: tuple[tuple[str, str], ...]
    """(point, target), one after the other."""
    target: str = "ledger"
    """Where it does its harm: what is unfinished there changes at the source between the kills."""
    trade_after: bool | None = None
    """Whether the source changes after the last kill; None: as the dice fall."""
    whole: bool = False
    """Whether everything goes to the target in one batch."""


def plant(bug: Bug, folder: Path) -> Path:
    """Copy the packages and break the copy."""
    skipped = shutil.ignore_patterns("sandbox", "cli")  # not needed for a run
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=skipped)
    for file, there, broken in bug.edits:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(there) == 1, f"{bug.name}: {file} holds this {text.count(there)} times, write the patch anew:\n{there}"
        path.write_text(text.replace(there, broken), encoding="utf-8")
    return folder


_DELIVER, _OUTBOX, _DELIVERY = "pipelines/steps/deliver.py", "pipelines/hub/outbox.py", "pipelines/hub/delivery.py"

_ABSENT = (
    _DELIVER,
    "    answers = destination.writer.find([_sent(row) for row in doubtful])\n",
    "    answers = [Absent() for _row in doubtful]\n",
)
_UNSETTLED = ("targets/ledger/journal.py", "            if ref not in self._claimed:\n", "            if False:\n")

NAIVE = {
    "ledger": Bug(
        "naive worker: what is in doubt is sent again without a look-up, and the file is not asked what stands in it",
        (_ABSENT, _UNSETTLED),
        (("H2", "ledger"),),
        trade_after=False,
    ),
    "stock": Bug(
        "naive worker: what is in doubt is sent again without a look-up, under a key of its own for each try",
        (
            _ABSENT,
            (
                "targets/database/writer.py",
                "        return Payload(intent, body, body.digest, body.effect, bridge_of(intent))\n",
                (
                    "        import os\n        from dataclasses import replace\n\n"
                    "        tried = f'{os.getpid()}'\n"
                    "        intent = replace(intent, idempotency_key=intent.idempotency_key + tried,"
                    " look_up_key=intent.look_up_key + tried)\n"
                    "        body = self._body(intent)\n"
                    "        return Payload(intent, body, body.digest, body.effect, bridge_of(intent))\n"
                ),
            ),
        ),
        (("H2", "stock"),),
        "stock",
        trade_after=False,
    ),
}

KEYED = Bug(
    "naive worker that keeps its keys: what is in doubt is sent again without a look-up",
    (_ABSENT,),
    (("H2", "stock"),),
    "stock",
    trade_after=False,
)
"""No bug on the database: the target answers a repeated send with the first receipt."""

BUGS = (
    Bug(
        "it sends before the claim is committed",
        (
            (
                _DELIVER,
                (
                    '    at("O2")\n    outside_transactions()\n    answers = writer.send([each.payload for _attempt_id, each in claimed])'
                    ' if claimed else []\n    at("H2")\n'
                ),
                (
                    '        at("O2")\n        answers = writer.send([each.payload for _attempt_id, each in claimed]) if claimed else []\n'
                    '        at("H2")\n'
                ),
            ),
        ),
        (("H2", "ledger"),),
    ),
    Bug(
        "the cursor is committed before its rows",
        (
            (
                "pipelines/steps/ingest.py",
                "        landed = heads.land(",
                (
                    "        cursors.store(tx, hub.clock(), source.connection, source.stream, state, repeated=0, read_no=read_no,"
                    f" reading=not batch.complete)\n        {_AGAIN}landed = heads.land("
                ),
            ),
        ),
        (("L2", "ledger"),),
        trade_after=False,
    ),
    Bug(
        "a newer revision supersedes what is in doubt",
        (
            (
                _OUTBOX,
                "OperationState.HELD, OperationState.REFUSED)\n",
                "OperationState.HELD, OperationState.REFUSED, OperationState.IN_DOUBT)\n",
            ),
        ),
        (("H2", "stock"), ("O2", "ledger")),
        "stock",
    ),
    Bug(
        "it counts as delivered when it is claimed",
        (
            (_DELIVERY, "values(state=OperationState.IN_DOUBT, tries=", "values(state=OperationState.DELIVERED, tries="),
            (_DELIVERY, "for number, _tries in taken], Fate.IN_DOUBT, None)", "for number, _tries in taken], Fate.DELIVERED, None)"),
            (_DELIVERY, '        "state": AttemptState.IN_DOUBT,\n', '        "state": AttemptState.DELIVERED,\n'),
        ),
        (("O2", "ledger"),),
    ),
    Bug(
        "the delivery is acknowledged before its receipts are committed",
        (
            (
                _DELIVERY,
                "    bulk.insert(tx, receipt, [_receipt(each, now) for each in arrivals])\n",
                (
                    '    tx.exec_driver_sql("COMMIT")\n    tx.exec_driver_sql("BEGIN")\n    from taps._kit.points import at\n\n'
                    '    at("H2")\n'
                    "    bulk.insert(tx, receipt, [_receipt(each, now) for each in arrivals])\n"
                ),
            ),
            (_DELIVER, '    at("H2")\n', ""),
        ),
        (("H2", "ledger"),),
    ),
    Bug(
        "a receipt is kept without its crosswalk",
        ((_DELIVERY, "    crosswalks.link(tx, now, present)\n", ""),),
        (("H2", "ledger"),),
    ),
    Bug(
        "a row is compared with all of history, not with its head",
        (
            (
                "pipelines/hub/heads.py",
                "    for key, row in keyed:\n        if key in erased",
                (
                    "    ever = set(tx.execute(sa.select(landed.c.content_hash)).scalars())\n"
                    "    for key, row in keyed:\n"
                    "        if row.digest in ever:\n            writes.seen.append(key)\n        elif key in erased"
                ),
            ),
        ),
        (("H2", "ledger"), ("O2", "stock"), ("L1", "ledger")),
    ),
    Bug(
        "rows that were read before the kill look absent after it",
        (
            (
                "pipelines/hub/cursors.py",
                "    return current.read_no if current.reading and not fresh else current.read_no + 1\n",
                "    return current.read_no + 1\n",
            ),
        ),
        (("L1", "ledger"),),
        trade_after=False,
    ),
    Bug(
        "rows are marked as translated before their documents are kept",
        (
            (
                "pipelines/steps/translate.py",
                '        _write(tx, source, writes, now)\n        at("M1")\n',
                (
                    f'        _write(tx, source, _Writes(outcomes=writes.outcomes), now)\n        {_AGAIN}at("M1")\n'
                    "        _write(tx, source, writes, now)\n"
                ),
            ),
        ),
        (("M1", "ledger"),),
        trade_after=False,
    ),
    Bug(
        "the ledger's checkpoint is not committed with the receipts",
        (
            (
                _DELIVER,
                ("        cursors.checkpoint(tx, hub.clock(), destination.connection, destination.writer.checkpoint())\n    later = any("),
                "    later = any(",
            ),
        ),
        (("H3", "ledger"),),
    ),
    Bug(
        "what was absent is sent although a newer revision waits",
        ((_DELIVER, "        stale = delivery.newer_exists(tx, operation)\n", "        stale = False\n"),),
        (("O2", "ledger"),),
        trade_after=True,
        whole=True,
    ),
    Bug(
        "plan forgets what is in doubt",
        ((_OUTBOX, "            each.in_doubt = True\n", "            each.in_doubt = False\n"),),
        (("O2", "stock"), ("O2", "stock")),
        "stock",
        trade_after=True,
    ),
    Bug(
        "a refund does not wait for its sale",
        (("pipelines/steps/plan.py", "    return not known or fate in _OPEN or fate is None\n", "    return False\n"),),
        (("O2", "ledger"), ("O2", "ledger")),
    ),
    Bug(
        "the database's receipts are not in the transaction of their rows",
        (
            (
                "targets/database/writer.py",
                "        receipts.keep(tx, good, found)\n",
                f'        {_AGAIN}at("H1")\n        receipts.keep(tx, good, found)\n',
            ),
        ),
        (("H1", "stock"),),
        "stock",
    ),
)

FENCELESS = Bug(
    "a lease that is lost stops nobody",
    (("pipelines/hub/leases.py", "    if changed != 1:\n", "    if changed > 1:\n"),),
    (),
)
