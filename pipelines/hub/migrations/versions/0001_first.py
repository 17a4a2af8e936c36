"""What the hub stores of sources and documents, and its counters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from taps._kit.points import at

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AMOUNT = sa.Numeric(24, 6).with_variant(sa.BigInteger(), "sqlite")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    """Take the step."""
    at("G1")
    op.create_table(
        "counter",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    at("G1")
    op.create_table(
        "progress",
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("scope", sa.String(length=200), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("step", "scope", name=op.f("pk_progress")),
        comment="How far a step has worked through document.seq; digest = the configuration it worked under.",
    )
    at("G1")
    op.create_table(
        "company",
        sa.Column("company_id", sa.String(length=80), nullable=False),
        sa.Column("legal_name", sa.String(length=200), nullable=False),
        sa.Column("base_currency", sa.String(length=3), nullable=False),
        sa.Column("timezone", sa.String(length=60), nullable=False),
        sa.Column("fiscal_year_start", sa.Integer(), server_default="1", nullable=False),
        sa.Column("decisions", sa.Text(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("company_id", name=op.f("pk_company")),
    )
    at("G1")
    op.create_table(
        "connection",
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("system", sa.String(length=80), nullable=False),
        sa.Column("config_digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_connection")),
    )
    at("G1")
    op.create_table(
        "credential",
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "name", "version", name=op.f("pk_credential")),
        comment="Sealed with AES-GCM under a key that is not in this database. Older versions stay: a failed refresh loses nothing.",
    )
    at("G1")
    op.create_table(
        "cursor",
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("stream", sa.String(length=80), nullable=False),
        sa.Column("state", sa.Text(), server_default="{}", nullable=False),
        sa.Column("read_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("repeated_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("read_no", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reading", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "stream", name=op.f("pk_cursor")),
        comment="Singer state and the reader's own count. For a target's checkpoint, stream is `(delivered)`.",
    )
    at("G1")
    op.create_table(
        "landed",
        sa.Column("seq", ID, autoincrement=False, nullable=False),
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("stream", sa.String(length=80), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=True),
        sa.Column("op", sa.String(length=6), nullable=False),
        sa.Column("scope", sa.Text(), server_default="", nullable=False),
        sa.Column("source_version", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("landed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_landed")),
        comment="Append-only (erasure apart): what was read, as it was read.",
    )
    op.create_index("ix_landed_group", "landed", ["connection_id", "stream", "group_key"], unique=False)
    op.create_index(
        "ix_landed_untranslated",
        "landed",
        ["connection_id", "stream", "group_key"],
        unique=False,
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )
    at("G1")
    op.create_table(
        "source_head",
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("stream", sa.String(length=80), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.String(length=32), nullable=False),
        sa.Column("source_version", sa.Text(), nullable=True),
        sa.Column("scope", sa.Text(), server_default="", nullable=False),
        sa.Column("seen_in", sa.Integer(), nullable=False),
        sa.Column("occurrences", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "stream", "key", name=op.f("pk_source_head")),
        comment="The current version of each key. occurrences: on the first of equal rows, how often read seen_in met them.",
        sqlite_with_rowid=False,
    )
    at("G1")
    op.create_table(
        "document",
        sa.Column("seq", ID, autoincrement=False, nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("company_id", sa.String(length=80), nullable=False),
        sa.Column("stream", sa.String(length=80), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("private", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("mapping", sa.String(length=120), nullable=False),
        sa.Column("mapping_version", sa.Integer(), nullable=False),
        sa.Column("mapping_digest", sa.String(length=64), nullable=False),
        sa.Column("cause", sa.String(length=10), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=True),
        sa.Column("currency", sa.String(length=3), server_default="", nullable=False),
        sa.Column("amount", AMOUNT, nullable=False),
        sa.Column("moves_money", sa.Boolean(), nullable=False),
        sa.Column("units", AMOUNT, nullable=False),
        sa.Column("moves_stock", sa.Boolean(), nullable=False),
        sa.Column("hours", AMOUNT, nullable=False),
        sa.Column("cost", AMOUNT, nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("party", sa.Text(), nullable=True),
        sa.Column("parts", sa.Text(), nullable=True),
        sa.Column("test", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("deleted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("translated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_document")),
        sa.UniqueConstraint("document_id", "revision", name=op.f("uq_document_document_id_revision")),
        comment="Canonical revisions, never overwritten (`current` apart, which says which revision is the newest).",
    )
    op.create_index(
        "ix_document_current",
        "document",
        ["document_id"],
        unique=True,
        sqlite_where=sa.text("current = 1"),
        postgresql_where=sa.text("current"),
    )
    op.create_index("ix_document_group", "document", ["connection_id", "stream", "group_key"], unique=False)
    op.create_index(
        "ix_document_party",
        "document",
        ["connection_id", "party"],
        unique=False,
        sqlite_where=sa.text("party IS NOT NULL AND current = 1"),
        postgresql_where=sa.text("party IS NOT NULL AND current"),
    )
    at("G1")
    op.create_table(
        "lineage",
        sa.Column("document_seq", sa.BigInteger(), nullable=False),
        sa.Column("landed_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("document_seq", "landed_seq", name=op.f("pk_lineage")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_lineage_landed", "lineage", ["landed_seq"], unique=False)
    at("G1")
    op.create_table(
        "tie",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("sale_line", sa.Integer(), nullable=False),
        sa.Column("units", AMOUNT, nullable=False),
        sa.PrimaryKeyConstraint("document_id", "line", "sale_id", "sale_line", name=op.f("pk_tie")),
        comment="Which sold line a credited line takes back, and how many units of it.",
    )
    op.create_index("ix_tie_sale", "tie", ["sale_id"], unique=False)
    at("G1")
    op.create_table(
        "problem",
        sa.Column("problem_id", ID, autoincrement=False, nullable=False),
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("stream", sa.String(length=80), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("operation_id", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("say", sa.Text(), nullable=False),
        sa.Column("fix", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("problem_id", name=op.f("pk_problem")),
        comment="A data problem as a value. It closes by itself when a later revision is good.",
    )
    op.create_index("ix_problem_subject", "problem", ["connection_id", "stream", "subject"], unique=False)
    at("G1")
    op.create_table(
        "entity",
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_entity")),
    )
    at("G1")
    op.create_table(
        "member",
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("score", AMOUNT, nullable=False),
        sa.Column("valid_from", INSTANT, nullable=False),
        sa.Column("valid_to", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entity.entity_id"],
        ),
        sa.PrimaryKeyConstraint("entity_id", "document_id", "valid_from", name=op.f("pk_member")),
        comment="Which documents are one customer, product or employee, by which rule.",
    )
    op.create_index(
        "ix_member_document",
        "member",
        ["document_id"],
        unique=True,
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    at("G1")
    for name in ("landed", "document", "problem", "crosswalk", "operation", "attempt", "lease", "recon_run", "sign_off", "audit"):
        op.execute(f"INSERT INTO counter (name, next) VALUES ('{name}', 1)")  # noqa: S608 (names from the line above)
