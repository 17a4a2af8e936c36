"""What the hub stores of effects: operations, attempts, receipts, fates; and of control: reconciliation, periods, leases, audit."""

from __future__ import annotations

import sqlalchemy as sa

from pipelines.hub.tables import metadata
from pipelines.hub.types import Amount, Id, Instant, Json


def _partial(name: str, *columns: str, where: str, unique: bool = True) -> sa.Index:
    return sa.Index(name, *columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


crosswalk = sa.Table(
    "crosswalk",
    metadata,
    sa.Column("crosswalk_id", Id, primary_key=True, autoincrement=False),
    sa.Column("connection_id", sa.String(80), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("local_id", sa.Uuid, nullable=False),
    sa.Column("part", sa.String(40), nullable=False, server_default=""),
    sa.Column("remote_id", sa.Text, nullable=False),
    sa.Column("origin", sa.String(10), nullable=False),
    sa.Column("incarnation", sa.Integer, nullable=False, server_default="1"),
    sa.Column("valid_from", Instant, nullable=False),
    sa.Column("valid_to", Instant),
    sa.Column("merged_into", sa.BigInteger),
    _partial("ix_crosswalk_local", "connection_id", "kind", "local_id", "part", where="valid_to IS NULL"),
    _partial("ix_crosswalk_remote", "connection_id", "kind", "remote_id", where="valid_to IS NULL"),
)

operation = sa.Table(
    "operation",
    metadata,
    sa.Column("operation_id", Id, primary_key=True, autoincrement=False),
    sa.Column("route", sa.String(80), nullable=False),
    sa.Column("posting", sa.String(80), nullable=False),
    sa.Column("target", sa.String(80), nullable=False),
    sa.Column("company_id", sa.String(80), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("local_id", sa.Uuid, nullable=False),
    sa.Column("part", sa.String(40), nullable=False, server_default=""),
    sa.Column("document_id", sa.Uuid, nullable=False),
    sa.Column("document_seq", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("request", sa.Integer, nullable=False, server_default="0"),
    sa.Column("want", sa.String(8), nullable=False),
    sa.Column("effect", sa.String(10), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("parent_id", sa.Uuid),
    sa.Column("not_before", Instant),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("fingerprint", sa.String(64), nullable=False, server_default=""),
    sa.Column("planned_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.UniqueConstraint("route", "posting", "document_id", "revision", "part", "request"),
    _partial("ix_operation_in_doubt", "target", "kind", "local_id", "part", where="state = 'in_doubt'"),
    sa.Index("ix_operation_state", "target", "state", "operation_id"),
    sa.Index("ix_operation_subject", "target", "kind", "local_id", "part"),
    comment="The outbox: the desired revision, or absence, of one subject.",
)

attempt = sa.Table(
    "attempt",
    metadata,
    sa.Column("attempt_id", Id, primary_key=True, autoincrement=False),
    sa.Column("operation_id", sa.BigInteger, nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("target", sa.String(80), nullable=False),
    sa.Column("verb", sa.String(10), nullable=False),
    sa.Column("look_up_key", sa.String(64), nullable=False),
    sa.Column("idempotency_key", sa.String(64), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("predicted", Amount, nullable=False),
    sa.Column("bridge", Json, nullable=False, server_default="{}"),
    sa.Column("lease", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("written_at", Instant, nullable=False),
    sa.UniqueConstraint("operation_id", "n"),
    _partial("ix_attempt_in_doubt", "target", "attempt_id", where="state = 'in_doubt'", unique=False),
    comment="One write, committed as in doubt before it is sent.",
)

receipt = sa.Table(
    "receipt",
    metadata,
    sa.Column("attempt_id", Id, primary_key=True, autoincrement=False),
    sa.Column("operation_id", sa.BigInteger, nullable=False),
    sa.Column("route", sa.String(80), nullable=False),
    sa.Column("posting", sa.String(80), nullable=False),
    sa.Column("target", sa.String(80), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("local_id", sa.Uuid, nullable=False),
    sa.Column("part", sa.String(40), nullable=False, server_default=""),
    sa.Column("document_id", sa.Uuid, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("want", sa.String(8), nullable=False),
    sa.Column("remote_id", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("unit", sa.String(3), nullable=False),
    sa.Column("effect", Amount, nullable=False),
    sa.Column("bridge", Json, nullable=False, server_default="{}"),
    sa.Column("control", Amount, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("body", Json, nullable=False),
    sa.Column("written_at", Instant, nullable=False),
    sa.Index("ix_receipt_subject", "target", "kind", "local_id", "part"),
    sa.Index("ix_receipt_document", "route", "posting", "document_id", "part"),
    comment="What the target was read back to hold. effect - sum(bridge) = control, the amount of the route equation.",
)

disposition = sa.Table(
    "disposition",
    metadata,
    sa.Column("route", sa.String(80), primary_key=True),
    sa.Column("posting", sa.String(80), primary_key=True),
    sa.Column("document_id", sa.Uuid, primary_key=True),
    sa.Column("part", sa.String(40), primary_key=True, server_default=""),
    sa.Column("target", sa.String(80), nullable=False),
    sa.Column("effect", sa.String(10), nullable=False),
    sa.Column("representation", sa.String(40), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("fate", sa.String(12), nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("operation_id", sa.BigInteger),
    sa.Index("ix_disposition_operation", "operation_id"),
    _partial("ix_disposition_once", "target", "document_id", "part", "effect", where="fate NOT IN ('excluded', 'merged')"),
    sqlite_with_rowid=False,
    comment="The fate of a document's part on a posting. ix_disposition_once is what `once` means.",
)

summary = sa.Table(
    "summary",
    metadata,
    sa.Column("summary_id", sa.Uuid, primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True),
    sa.Column("route", sa.String(80), nullable=False),
    sa.Column("posting", sa.String(80), nullable=False),
    sa.Column("company_id", sa.String(80), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("location", sa.String(80), nullable=False, server_default=""),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("closed_at", Instant),
    sa.UniqueConstraint("route", "posting", "key", "part"),
)

summary_member = sa.Table(
    "summary_member",
    metadata,
    sa.Column("summary_id", sa.Uuid, primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True),
    sa.Column("document_id", sa.Uuid, primary_key=True),
    sa.Column("document_part", sa.String(40), primary_key=True, server_default=""),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("delta", Amount, nullable=False),
)

period = sa.Table(
    "period",
    metadata,
    sa.Column("company_id", sa.String(80), primary_key=True),
    sa.Column("start_on", sa.Date, primary_key=True),
    sa.Column("end_on", sa.Date, nullable=False),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("lock_source", sa.String(80), nullable=False, server_default=""),
)

configuration = sa.Table(
    "configuration",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("files", Json, nullable=False),
    sa.Column("stored_at", Instant, nullable=False),
    comment="The home folder as a reconciliation found it: file → text, secrets masked. One row for each state that it was in.",
)

recon_run = sa.Table(
    "recon_run",
    metadata,
    sa.Column("recon_run_id", Id, primary_key=True, autoincrement=False),
    sa.Column("company_id", sa.String(80), nullable=False),
    sa.Column("period", sa.String(7), nullable=False, server_default=""),
    sa.Column("run", sa.String(12), nullable=False),
    sa.Column("rules", sa.Text, nullable=False),
    sa.Column("as_of", Instant, nullable=False),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("inputs_hash", sa.String(64), nullable=False),
    sa.Column("books_hash", sa.String(64), nullable=False),
    sa.Column("result_hash", sa.String(64), nullable=False),
    sa.Column("figures_hash", sa.String(64), nullable=False),
    sa.Column("configuration", sa.String(64), nullable=False, server_default=""),
    sa.Column("summary", Json, nullable=False),
    sa.Column("report", sa.Text),
    sa.Column("stored_at", Instant, nullable=False),
    sa.Index("ix_recon_run_newest", "company_id", "period", "recon_run_id"),
    comment="One reconciliation. The report itself is kept for the newest of its period and for those that were signed.",
)

recon_item = sa.Table(
    "recon_item",
    metadata,
    sa.Column("recon_run_id", sa.BigInteger, primary_key=True),
    sa.Column("key", sa.String(80), primary_key=True),
    sa.Column("class", sa.String(30), nullable=False),
    sa.Column("unit", sa.String(3), nullable=False),
    sa.Column("difference", Amount, nullable=False),
    sqlite_with_rowid=False,
    comment="The breaks of a run whose report is kept.",
)

break_work = sa.Table(
    "break_work",
    metadata,
    sa.Column("company_id", sa.String(80), primary_key=True),
    sa.Column("key", sa.String(80), primary_key=True),
    sa.Column("period", sa.String(7), nullable=False),
    sa.Column("sheet", sa.String(120), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("subject", sa.String(120), nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("class", sa.String(30), nullable=False),
    sa.Column("unit", sa.String(3), nullable=False),
    sa.Column("business_date", sa.Date),
    sa.Column("expected", Amount, nullable=False),
    sa.Column("actual", Amount, nullable=False),
    sa.Column("suggested", sa.Text, nullable=False, server_default=""),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("owner", sa.String(80), nullable=False, server_default=""),
    sa.Column("resolution", sa.String(16), nullable=False, server_default=""),
    sa.Column("reason", sa.String(200), nullable=False, server_default=""),
    sa.Column("settled", Amount),
    sa.Column("proposer", sa.String(80), nullable=False, server_default=""),
    sa.Column("approver", sa.String(80), nullable=False, server_default=""),
    sa.Column("first_run", sa.BigInteger, nullable=False),
    sa.Column("last_run", sa.BigInteger, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    sa.Column("reopened", sa.Integer, nullable=False, server_default="0"),
    sa.CheckConstraint("approver = '' OR approver <> proposer", name="ck_break_work_four_eyes"),
    _partial("ix_break_work_open", "company_id", "period", where="state <> 'closed'", unique=False),
    comment="The work on a difference, under the key that it has in every run. settled = the difference that was accepted.",
)

break_event = sa.Table(
    "break_event",
    metadata,
    sa.Column("break_event_id", Id, primary_key=True, autoincrement=False),
    sa.Column("company_id", sa.String(80), nullable=False),
    sa.Column("key", sa.String(80), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor", sa.String(120), nullable=False),
    sa.Column("what", sa.String(16), nullable=False),
    sa.Column("say", sa.Text, nullable=False),
    sa.Column("difference", Amount, nullable=False),
    sa.Column("unit", sa.String(3), nullable=False),
    sa.Column("recon_run_id", sa.BigInteger, nullable=False),
    sa.Column("audit_id", sa.BigInteger, nullable=False),
    sa.Index("ix_break_event_key", "company_id", "key", "break_event_id"),
    comment="Append-only: what happened to a difference, and what people said of it.",
)

closing = sa.Table(
    "closing",
    metadata,
    sa.Column("closing_id", Id, primary_key=True, autoincrement=False),
    sa.Column("company_id", sa.String(80), nullable=False),
    sa.Column("period", sa.String(7), nullable=False),
    sa.Column("recon_run_id", sa.BigInteger, sa.ForeignKey("recon_run.recon_run_id", name="fk_closing_recon_run"), nullable=False),
    sa.Column("preparer", sa.String(80), nullable=False),
    sa.Column("stage", sa.String(12), nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.UniqueConstraint("closing_id", "preparer"),
    _partial("ix_closing_live", "company_id", "period", where="stage IN ('prepared', 'reviewed', 'certified')"),
    comment="One way of a period from prepared to certified. A period has at most one that is alive.",
)

sign_off = sa.Table(
    "sign_off",
    metadata,
    sa.Column("sign_off_id", Id, primary_key=True, autoincrement=False),
    sa.Column("closing_id", sa.BigInteger, nullable=False),
    sa.Column("stage", sa.String(12), nullable=False),
    sa.Column("person", sa.String(80), nullable=False),
    sa.Column("preparer", sa.String(80), nullable=False),
    sa.Column("actor", sa.String(120), nullable=False),
    sa.Column("statement", sa.Text, nullable=False),
    sa.Column("bound_hash", sa.String(64), nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("audit_id", sa.BigInteger, nullable=False),
    sa.Column("signed_at", Instant, nullable=False),
    sa.UniqueConstraint("closing_id", "stage"),
    sa.ForeignKeyConstraint(["closing_id", "preparer"], ["closing.closing_id", "closing.preparer"], name="fk_sign_off_closing"),
    sa.CheckConstraint(
        "(stage = 'prepared' AND person = preparer) OR (stage IN ('reviewed', 'certified') AND person <> preparer)",
        name="ck_sign_off_two_people",
    ),
    comment="Append-only. Whoever prepared can neither review nor certify: the check compares with the preparer of the closing itself.",
)

budget = sa.Table(
    "budget",
    metadata,
    sa.Column("connection_id", sa.String(80), primary_key=True),
    sa.Column("bucket", sa.String(40), primary_key=True),
    sa.Column("capacity", Amount, nullable=False),
    sa.Column("refill_per_second", Amount, nullable=False),
    sa.Column("tokens", Amount, nullable=False),
    sa.Column("refilled_at", Instant, nullable=False),
    sa.Column("not_before", Instant),
    comment="Rate tokens shared by all processes; they survive a restart.",
)

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("number", Id, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("holder", sa.String(120), nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("live", sa.Boolean, nullable=False),
    sa.Index("ix_lease_name", "name", unique=True, sqlite_where=sa.text("live = 1"), postgresql_where=sa.text("live")),
    comment="Rising numbers: every hub write of a worker is fenced by the number that it holds.",
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("audit_id", Id, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor", sa.String(120), nullable=False),
    sa.Column("action", sa.String(80), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("chain", sa.String(64), nullable=False),
    comment="Append-only. chain = HMAC over the row and the chain before it; the key is not in this database.",
)

suppression = sa.Table(
    "suppression",
    metadata,
    sa.Column("connection_id", sa.String(80), primary_key=True),
    sa.Column("stream", sa.String(80), primary_key=True),
    sa.Column("key_digest", sa.String(64), primary_key=True),
    sa.Column("erased_at", Instant, nullable=False),
    comment="Which keys were erased, as digests: the next sync and a restored backup apply it again.",
)

binding = sa.Table(
    "binding",
    metadata,
    sa.Column("binding_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("place", Json, nullable=False),
    sa.Column("bound_at", Instant, nullable=False),
    sa.Column("bound_by", sa.String(120), nullable=False),
    comment="Where this database lives; the row with the highest id counts. A copy that wakes up elsewhere does not deliver.",
)
