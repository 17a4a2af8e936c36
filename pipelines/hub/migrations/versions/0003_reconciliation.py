"""Reconciliations, the work on their breaks, closings and signatures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from taps._kit.points import at

revision = "0003"
down_revision = "0002"

AMOUNT = sa.Numeric(24, 6).with_variant(sa.BigInteger(), "sqlite")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


_KEPT = ("sign_off", "break_event")
_KEEP = {
    "sqlite": [
        f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in _KEPT
        for change in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE '% is append-only', TG_TABLE_NAME; END $$",
        *(
            f"CREATE TRIGGER {table}_no_{name} BEFORE {change} ON {table} FOR EACH {each} EXECUTE FUNCTION is_append_only()"
            for table in _KEPT
            for name, change, each in (("change", "UPDATE OR DELETE", "ROW"), ("truncate", "TRUNCATE", "STATEMENT"))
        ),
    ],
}
"""Triggers that refuse to change a signature, or what was said of a break."""


def upgrade() -> None:
    """Take the step. Three tables are made anew: no version before this one has written to them."""
    for table in ("sign_off", "recon_item", "recon_run"):
        at("G1")
        op.drop_table(table)
    at("G1")
    op.create_table(
        "configuration",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("stored_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_configuration")),
        comment="The home folder as a reconciliation found it: file → text, secrets masked. One row for each state that it was in.",
    )
    at("G1")
    op.create_table(
        "recon_run",
        sa.Column("recon_run_id", ID, autoincrement=False, nullable=False),
        sa.Column("company_id", sa.String(length=80), nullable=False),
        sa.Column("period", sa.String(length=7), server_default="", nullable=False),
        sa.Column("run", sa.String(length=12), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("as_of", INSTANT, nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("inputs_hash", sa.String(length=64), nullable=False),
        sa.Column("books_hash", sa.String(length=64), nullable=False),
        sa.Column("result_hash", sa.String(length=64), nullable=False),
        sa.Column("figures_hash", sa.String(length=64), nullable=False),
        sa.Column("configuration", sa.String(length=64), server_default="", nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=True),
        sa.Column("stored_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("recon_run_id", name=op.f("pk_recon_run")),
        comment="One reconciliation. The report itself is kept for the newest of its period and for those that were signed.",
    )
    op.create_index("ix_recon_run_newest", "recon_run", ["company_id", "period", "recon_run_id"], unique=False)
    at("G1")
    op.create_table(
        "recon_item",
        sa.Column("recon_run_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("class", sa.String(length=30), nullable=False),
        sa.Column("unit", sa.String(length=3), nullable=False),
        sa.Column("difference", AMOUNT, nullable=False),
        sa.PrimaryKeyConstraint("recon_run_id", "key", name=op.f("pk_recon_item")),
        comment="The breaks of a run whose report is kept.",
        sqlite_with_rowid=False,
    )
    at("G1")
    op.create_table(
        "break_work",
        sa.Column("company_id", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("sheet", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("class", sa.String(length=30), nullable=False),
        sa.Column("unit", sa.String(length=3), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=True),
        sa.Column("expected", AMOUNT, nullable=False),
        sa.Column("actual", AMOUNT, nullable=False),
        sa.Column("suggested", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=80), server_default="", nullable=False),
        sa.Column("resolution", sa.String(length=16), server_default="", nullable=False),
        sa.Column("reason", sa.String(length=200), server_default="", nullable=False),
        sa.Column("settled", AMOUNT, nullable=True),
        sa.Column("proposer", sa.String(length=80), server_default="", nullable=False),
        sa.Column("approver", sa.String(length=80), server_default="", nullable=False),
        sa.Column("first_run", sa.BigInteger(), nullable=False),
        sa.Column("last_run", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("reopened", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("approver = '' OR approver <> proposer", name="ck_break_work_four_eyes"),
        sa.PrimaryKeyConstraint("company_id", "key", name=op.f("pk_break_work")),
        comment="The work on a difference, under the key that it has in every run. settled = the difference that was accepted.",
    )
    op.create_index(
        "ix_break_work_open",
        "break_work",
        ["company_id", "period"],
        unique=False,
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )
    at("G1")
    op.create_table(
        "break_event",
        sa.Column("break_event_id", ID, autoincrement=False, nullable=False),
        sa.Column("company_id", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("say", sa.Text(), nullable=False),
        sa.Column("difference", AMOUNT, nullable=False),
        sa.Column("unit", sa.String(length=3), nullable=False),
        sa.Column("recon_run_id", sa.BigInteger(), nullable=False),
        sa.Column("audit_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("break_event_id", name=op.f("pk_break_event")),
        comment="Append-only: what happened to a difference, and what people said of it.",
    )
    op.create_index("ix_break_event_key", "break_event", ["company_id", "key", "break_event_id"], unique=False)
    at("G1")
    op.create_table(
        "closing",
        sa.Column("closing_id", ID, autoincrement=False, nullable=False),
        sa.Column("company_id", sa.String(length=80), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("recon_run_id", sa.BigInteger(), nullable=False),
        sa.Column("preparer", sa.String(length=80), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("closing_id", name=op.f("pk_closing")),
        sa.UniqueConstraint("closing_id", "preparer", name=op.f("uq_closing_closing_id_preparer")),
        sa.ForeignKeyConstraint(["recon_run_id"], ["recon_run.recon_run_id"], name="fk_closing_recon_run"),
        comment="One way of a period from prepared to certified. A period has at most one that is alive.",
    )
    op.create_index(
        "ix_closing_live",
        "closing",
        ["company_id", "period"],
        unique=True,
        sqlite_where=sa.text("stage IN ('prepared', 'reviewed', 'certified')"),
        postgresql_where=sa.text("stage IN ('prepared', 'reviewed', 'certified')"),
    )
    at("G1")
    op.create_table(
        "sign_off",
        sa.Column("sign_off_id", ID, autoincrement=False, nullable=False),
        sa.Column("closing_id", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("preparer", sa.String(length=80), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("bound_hash", sa.String(length=64), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("audit_id", sa.BigInteger(), nullable=False),
        sa.Column("signed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("sign_off_id", name=op.f("pk_sign_off")),
        sa.UniqueConstraint("closing_id", "stage", name=op.f("uq_sign_off_closing_id_stage")),
        sa.ForeignKeyConstraint(["closing_id", "preparer"], ["closing.closing_id", "closing.preparer"], name="fk_sign_off_closing"),
        sa.CheckConstraint(
            "(stage = 'prepared' AND person = preparer) OR (stage IN ('reviewed', 'certified') AND person <> preparer)",
            name="ck_sign_off_two_people",
        ),
        comment="Append-only. Whoever prepared can neither review nor certify: the check compares with the preparer of the closing itself.",
    )
    at("G1")
    for name in ("break_event", "closing"):
        op.execute(f"INSERT INTO counter (name, next) VALUES ('{name}', 1)")  # noqa: S608 (names from the line above)
    for statement in _KEEP[op.get_bind().dialect.name]:
        op.execute(statement)
