"""What the hub stores of sources and documents. Its other half, from operation to audit, is in `ledger_tables`.

Ids are handed out by `counter` inside the transaction that uses them: on PostgreSQL that row stays locked until the commit, so ids are
visible in their own order and a step may remember "worked up to here" as one number.

Hot tables (landed, source_head, document, lineage, operation, attempt, receipt) declare no foreign keys: nothing is ever deleted from
them but by erasure, and each is written by one step only, in the transaction that made the row it points to.
"""

from __future__ import annotations

import sqlalchemy as sa

from pipelines.hub.types import Amount, Id, Instant, Json

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

counter = sa.Table(
    "counter",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("next", sa.BigInteger, nullable=False),
)

progress = sa.Table(
    "progress",
    metadata,
    sa.Column("step", sa.String(40), primary_key=True),
    sa.Column("scope", sa.String(200), primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False, server_default=""),
    comment="How far a step has worked through document.seq; digest = the configuration it worked under.",
)

company = sa.Table(
    "company",
    metadata,
    sa.Column("company_id", sa.String(80), primary_key=True),
    sa.Column("legal_name", sa.String(200), nullable=False),
    sa.Column("base_currency", sa.String(3), nullable=False),
    sa.Column("timezone", sa.String(60), nullable=False),
    sa.Column("fiscal_year_start", sa.Integer, nullable=False, server_default="1"),
    sa.Column("decisions", Json, nullable=False, server_default="{}"),
)

connection = sa.Table(
    "connection",
    metadata,
    sa.Column("connection_id", sa.String(80), primary_key=True),
    sa.Column("role", sa.String(10), nullable=False),
    sa.Column("system", sa.String(80), nullable=False),
    sa.Column("config_digest", sa.String(64), nullable=False),
)

credential = sa.Table(
    "credential",
    metadata,
    sa.Column("connection_id", sa.String(80), primary_key=True),
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("key_id", sa.String(32), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("stored_at", Instant, nullable=False),
    comment="Sealed with AES-GCM under a key that is not in this database. Older versions stay: a failed refresh loses nothing.",
)

cursor = sa.Table(
    "cursor",
    metadata,
    sa.Column("connection_id", sa.String(80), primary_key=True),
    sa.Column("stream", sa.String(80), primary_key=True),
    sa.Column("state", Json, nullable=False, server_default="{}"),
    sa.Column("read_count", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("repeated_count", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("read_no", sa.Integer, nullable=False, server_default="0"),
    sa.Column("reading", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("updated_at", Instant, nullable=False),
    comment="Singer state and the reader's own count. For a target's checkpoint, stream is `(delivered)`.",
)

landed = sa.Table(
    "landed",
    metadata,
    sa.Column("seq", Id, primary_key=True, autoincrement=False),
    sa.Column("connection_id", sa.String(80), nullable=False),
    sa.Column("stream", sa.String(80), nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("group_key", sa.Text),
    sa.Column("op", sa.String(6), nullable=False),
    sa.Column("scope", sa.Text, nullable=False, server_default=""),
    sa.Column("source_version", sa.Text),
    sa.Column("content_hash", sa.String(32), nullable=False),
    sa.Column("body", sa.Text),
    sa.Column("location", sa.Text),
    sa.Column("outcome", sa.String(10)),
    sa.Column("landed_at", Instant, nullable=False),
    sa.Index("ix_landed_group", "connection_id", "stream", "group_key"),
    sa.Index(
        "ix_landed_untranslated",
        "connection_id",
        "stream",
        "group_key",
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    ),
    comment="Append-only (erasure apart): what was read, as it was read.",
)

source_head = sa.Table(
    "source_head",
    metadata,
    sa.Column("connection_id", sa.String(80), primary_key=True),
    sa.Column("stream", sa.String(80), primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("content_hash", sa.String(32), nullable=False),
    sa.Column("source_version", sa.Text),
    sa.Column("scope", sa.Text, nullable=False, server_default=""),
    sa.Column("seen_in", sa.Integer, nullable=False),
    sa.Column("occurrences", sa.Integer, nullable=False, server_default="1"),
    sa.Column("deleted", sa.Boolean, nullable=False, server_default=sa.false()),
    sqlite_with_rowid=False,
    comment="The current version of each key. occurrences: on the first of equal rows, how often read seen_in met them.",
)

document = sa.Table(
    "document",
    metadata,
    sa.Column("seq", Id, primary_key=True, autoincrement=False),
    sa.Column("document_id", sa.Uuid, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("current", sa.Boolean, nullable=False),
    sa.Column("type", sa.String(40), nullable=False),
    sa.Column("connection_id", sa.String(80), nullable=False),
    sa.Column("company_id", sa.String(80), nullable=False),
    sa.Column("stream", sa.String(80), nullable=False),
    sa.Column("group_key", sa.Text, nullable=False),
    sa.Column("source_id", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("private", sa.Text),
    sa.Column("content_hash", sa.String(64), nullable=False),
    sa.Column("mapping", sa.String(120), nullable=False),
    sa.Column("mapping_version", sa.Integer, nullable=False),
    sa.Column("mapping_digest", sa.String(64), nullable=False),
    sa.Column("cause", sa.String(10), nullable=False),
    sa.Column("business_date", sa.Date),
    sa.Column("currency", sa.String(3), nullable=False, server_default=""),
    sa.Column("amount", Amount, nullable=False),
    sa.Column("moves_money", sa.Boolean, nullable=False),
    sa.Column("units", Amount, nullable=False),
    sa.Column("moves_stock", sa.Boolean, nullable=False),
    sa.Column("hours", Amount, nullable=False),
    sa.Column("cost", Amount, nullable=False),
    sa.Column("parent_id", sa.Uuid),
    sa.Column("party", sa.Text),
    sa.Column("parts", Json),
    sa.Column("test", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("deleted", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("translated_at", Instant, nullable=False),
    sa.Column("reserved", Amount, nullable=False, server_default="0"),
    sa.UniqueConstraint("document_id", "revision"),
    sa.Index("ix_document_current", "document_id", unique=True, sqlite_where=sa.text("current = 1"), postgresql_where=sa.text("current")),
    sa.Index("ix_document_group", "connection_id", "stream", "group_key"),
    sa.Index(
        "ix_document_party",
        "connection_id",
        "party",
        sqlite_where=sa.text("party IS NOT NULL AND current = 1"),
        postgresql_where=sa.text("party IS NOT NULL AND current"),
    ),
    comment="Canonical revisions, never overwritten (`current` apart, which says which revision is the newest).",
)

lineage = sa.Table(
    "lineage",
    metadata,
    sa.Column("document_seq", sa.BigInteger, primary_key=True),
    sa.Column("landed_seq", sa.BigInteger, primary_key=True),
    sa.Index("ix_lineage_landed", "landed_seq"),
    sqlite_with_rowid=False,
)

tie = sa.Table(
    "tie",
    metadata,
    sa.Column("document_id", sa.Uuid, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("sale_id", sa.Uuid, primary_key=True),
    sa.Column("sale_line", sa.Integer, primary_key=True),
    sa.Column("units", Amount, nullable=False),
    sa.Index("ix_tie_sale", "sale_id"),
    comment="Which sold line a credited line takes back, and how many units of it.",
)

problem = sa.Table(
    "problem",
    metadata,
    sa.Column("problem_id", Id, primary_key=True, autoincrement=False),
    sa.Column("connection_id", sa.String(80), nullable=False),
    sa.Column("stream", sa.String(80), nullable=False, server_default=""),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("operation_id", sa.BigInteger),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("field", sa.Text, nullable=False),
    sa.Column("say", sa.Text, nullable=False),
    sa.Column("fix", sa.Text, nullable=False),
    sa.Column("location", sa.Text),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    sa.Index("ix_problem_subject", "connection_id", "stream", "subject"),
    comment="A data problem as a value. It closes by itself when a later revision is good.",
)

entity = sa.Table(
    "entity",
    metadata,
    sa.Column("entity_id", sa.Uuid, primary_key=True),
    sa.Column("type", sa.String(40), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

member = sa.Table(
    "member",
    metadata,
    sa.Column("entity_id", sa.Uuid, sa.ForeignKey("entity.entity_id"), primary_key=True),
    sa.Column("document_id", sa.Uuid, primary_key=True),
    sa.Column("rule", sa.String(40), nullable=False),
    sa.Column("score", Amount, nullable=False),
    sa.Column("valid_from", Instant, primary_key=True),
    sa.Column("valid_to", Instant),
    sa.Index(
        "ix_member_document",
        "document_id",
        unique=True,
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    ),
    comment="Which documents are one customer, product or employee, by which rule.",
)
