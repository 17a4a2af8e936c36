"""What the hub stores of effects and of control; the audit log keeps its rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from taps._kit.points import at

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AMOUNT = sa.Numeric(24, 6).with_variant(sa.BigInteger(), "sqlite")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")

_KEEP_AUDIT = {
    "sqlite": [
        "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
        "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
    ],
    "postgresql": [
        "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'audit is append-only'; END $$",
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()",
        "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()",
    ],
}
"""Triggers that refuse to change the audit log; whoever removes them is found by the chain."""


def upgrade() -> None:
    """Take the step."""
    at("G1")
    op.create_table(
        "crosswalk",
        sa.Column("crosswalk_id", ID, autoincrement=False, nullable=False),
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("local_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.String(length=40), server_default="", nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("incarnation", sa.Integer(), server_default="1", nullable=False),
        sa.Column("valid_from", INSTANT, nullable=False),
        sa.Column("valid_to", INSTANT, nullable=True),
        sa.Column("merged_into", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("crosswalk_id", name=op.f("pk_crosswalk")),
    )
    op.create_index(
        "ix_crosswalk_local",
        "crosswalk",
        ["connection_id", "kind", "local_id", "part"],
        unique=True,
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_index(
        "ix_crosswalk_remote",
        "crosswalk",
        ["connection_id", "kind", "remote_id"],
        unique=True,
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    at("G1")
    op.create_table(
        "operation",
        sa.Column("operation_id", ID, autoincrement=False, nullable=False),
        sa.Column("route", sa.String(length=80), nullable=False),
        sa.Column("posting", sa.String(length=80), nullable=False),
        sa.Column("target", sa.String(length=80), nullable=False),
        sa.Column("company_id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("local_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.String(length=40), server_default="", nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("document_seq", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("request", sa.Integer(), server_default="0", nullable=False),
        sa.Column("want", sa.String(length=8), nullable=False),
        sa.Column("effect", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("not_before", INSTANT, nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fingerprint", sa.String(length=64), server_default="", nullable=False),
        sa.Column("planned_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("operation_id", name=op.f("pk_operation")),
        sa.UniqueConstraint(
            "route",
            "posting",
            "document_id",
            "revision",
            "part",
            "request",
            name=op.f("uq_operation_route_posting_document_id_revision_part_request"),
        ),
        comment="The outbox: the desired revision, or absence, of one subject.",
    )
    op.create_index(
        "ix_operation_in_doubt",
        "operation",
        ["target", "kind", "local_id", "part"],
        unique=True,
        sqlite_where=sa.text("state = 'in_doubt'"),
        postgresql_where=sa.text("state = 'in_doubt'"),
    )
    op.create_index("ix_operation_state", "operation", ["target", "state", "operation_id"], unique=False)
    op.create_index("ix_operation_subject", "operation", ["target", "kind", "local_id", "part"], unique=False)
    at("G1")
    op.create_table(
        "attempt",
        sa.Column("attempt_id", ID, autoincrement=False, nullable=False),
        sa.Column("operation_id", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("target", sa.String(length=80), nullable=False),
        sa.Column("verb", sa.String(length=10), nullable=False),
        sa.Column("look_up_key", sa.String(length=64), nullable=False),
        sa.Column("idempotency_key", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("predicted", AMOUNT, nullable=False),
        sa.Column("bridge", sa.Text(), server_default="{}", nullable=False),
        sa.Column("lease", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("written_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("operation_id", "n", name=op.f("uq_attempt_operation_id_n")),
        comment="One write, committed as in doubt before it is sent.",
    )
    op.create_index(
        "ix_attempt_in_doubt",
        "attempt",
        ["target", "attempt_id"],
        unique=False,
        sqlite_where=sa.text("state = 'in_doubt'"),
        postgresql_where=sa.text("state = 'in_doubt'"),
    )
    at("G1")
    op.create_table(
        "receipt",
        sa.Column("attempt_id", ID, autoincrement=False, nullable=False),
        sa.Column("operation_id", sa.BigInteger(), nullable=False),
        sa.Column("route", sa.String(length=80), nullable=False),
        sa.Column("posting", sa.String(length=80), nullable=False),
        sa.Column("target", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("local_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.String(length=40), server_default="", nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("want", sa.String(length=8), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(length=3), nullable=False),
        sa.Column("effect", AMOUNT, nullable=False),
        sa.Column("bridge", sa.Text(), server_default="{}", nullable=False),
        sa.Column("control", AMOUNT, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("written_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_receipt")),
        comment="What the target was read back to hold. effect - sum(bridge) = control, the amount of the route equation.",
    )
    op.create_index("ix_receipt_document", "receipt", ["route", "posting", "document_id", "part"], unique=False)
    op.create_index("ix_receipt_subject", "receipt", ["target", "kind", "local_id", "part"], unique=False)
    at("G1")
    op.create_table(
        "disposition",
        sa.Column("route", sa.String(length=80), nullable=False),
        sa.Column("posting", sa.String(length=80), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.String(length=40), server_default="", nullable=False),
        sa.Column("target", sa.String(length=80), nullable=False),
        sa.Column("effect", sa.String(length=10), nullable=False),
        sa.Column("representation", sa.String(length=40), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("fate", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("operation_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("route", "posting", "document_id", "part", name=op.f("pk_disposition")),
        comment="The fate of a document's part on a posting. ix_disposition_once is what `once` means.",
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_disposition_once",
        "disposition",
        ["target", "document_id", "part", "effect"],
        unique=True,
        sqlite_where=sa.text("fate NOT IN ('excluded', 'merged')"),
        postgresql_where=sa.text("fate NOT IN ('excluded', 'merged')"),
    )
    op.create_index("ix_disposition_operation", "disposition", ["operation_id"], unique=False)
    at("G1")
    op.create_table(
        "summary",
        sa.Column("summary_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("route", sa.String(length=80), nullable=False),
        sa.Column("posting", sa.String(length=80), nullable=False),
        sa.Column("company_id", sa.String(length=80), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("location", sa.String(length=80), server_default="", nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("summary_id", "part", name=op.f("pk_summary")),
        sa.UniqueConstraint("route", "posting", "key", "part", name=op.f("uq_summary_route_posting_key_part")),
    )
    at("G1")
    op.create_table(
        "summary_member",
        sa.Column("summary_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("document_part", sa.String(length=40), server_default="", nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("delta", AMOUNT, nullable=False),
        sa.PrimaryKeyConstraint("summary_id", "part", "document_id", "document_part", name=op.f("pk_summary_member")),
    )
    at("G1")
    op.create_table(
        "period",
        sa.Column("company_id", sa.String(length=80), nullable=False),
        sa.Column("start_on", sa.Date(), nullable=False),
        sa.Column("end_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("lock_source", sa.String(length=80), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("company_id", "start_on", name=op.f("pk_period")),
    )
    at("G1")
    op.create_table(
        "recon_run",
        sa.Column("recon_run_id", ID, autoincrement=False, nullable=False),
        sa.Column("company_id", sa.String(length=80), nullable=False),
        sa.Column("policy", sa.String(length=80), nullable=False),
        sa.Column("as_of", INSTANT, nullable=False),
        sa.Column("result_hash", sa.String(length=64), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("recon_run_id", name=op.f("pk_recon_run")),
    )
    at("G1")
    op.create_table(
        "recon_item",
        sa.Column("recon_run_id", sa.BigInteger(), nullable=False),
        sa.Column("item", sa.BigInteger(), nullable=False),
        sa.Column("corner", sa.String(length=10), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("match_group", sa.BigInteger(), nullable=True),
        sa.Column("class", sa.String(length=30), server_default="", nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", AMOUNT, nullable=False),
        sa.PrimaryKeyConstraint("recon_run_id", "item", name=op.f("pk_recon_item")),
    )
    at("G1")
    op.create_table(
        "sign_off",
        sa.Column("sign_off_id", ID, autoincrement=False, nullable=False),
        sa.Column("company_id", sa.String(length=80), nullable=False),
        sa.Column("recon_run_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("person", sa.String(length=120), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("bound_hash", sa.String(length=64), nullable=False),
        sa.Column("signed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("sign_off_id", name=op.f("pk_sign_off")),
        sa.UniqueConstraint("recon_run_id", "person", name=op.f("uq_sign_off_recon_run_id_person")),
        comment="Unique per run and person: whoever prepared cannot review.",
    )
    at("G1")
    op.create_table(
        "budget",
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("bucket", sa.String(length=40), nullable=False),
        sa.Column("capacity", AMOUNT, nullable=False),
        sa.Column("refill_per_second", AMOUNT, nullable=False),
        sa.Column("tokens", AMOUNT, nullable=False),
        sa.Column("refilled_at", INSTANT, nullable=False),
        sa.Column("not_before", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("connection_id", "bucket", name=op.f("pk_budget")),
        comment="Rate tokens shared by all processes; they survive a restart.",
    )
    at("G1")
    op.create_table(
        "lease",
        sa.Column("number", ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_lease")),
        comment="Rising numbers: every hub write of a worker is fenced by the number that it holds.",
    )
    op.create_index("ix_lease_name", "lease", ["name"], unique=True, sqlite_where=sa.text("live = 1"), postgresql_where=sa.text("live"))
    at("G1")
    op.create_table(
        "audit",
        sa.Column("audit_id", ID, autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit")),
        comment="Append-only. chain = HMAC over the row and the chain before it; the key is not in this database.",
    )
    at("G1")
    op.create_table(
        "suppression",
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("stream", sa.String(length=80), nullable=False),
        sa.Column("key_digest", sa.String(length=64), nullable=False),
        sa.Column("erased_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "stream", "key_digest", name=op.f("pk_suppression")),
        comment="Which keys were erased, as digests: the next sync and a restored backup apply it again.",
    )
    at("G1")
    op.create_table(
        "binding",
        sa.Column("binding_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("bound_at", INSTANT, nullable=False),
        sa.Column("bound_by", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("binding_id", name=op.f("pk_binding")),
        comment="Where this database lives; the row with the highest id counts. A copy that wakes up elsewhere does not deliver.",
    )
    at("G1")
    for statement in _KEEP_AUDIT[op.get_bind().dialect.name]:
        op.execute(statement)
