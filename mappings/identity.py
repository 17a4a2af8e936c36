"""Who is who before anything is stored: ids that two runs, two machines and two databases compute alike."""

from __future__ import annotations

import uuid

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://counterfoil.example/document")


def document_id(connection: str, document_type: str, source_id: str) -> uuid.UUID:
    """The id of a canonical document. The connection is part of it: two shops may both have an order 1001."""
    return uuid.uuid5(_NAMESPACE, "\x1f".join((connection, document_type, source_id)))


def entity_id(first_member: uuid.UUID) -> uuid.UUID:
    """The id of the entity that begins with this document: one real customer, product or employee."""
    return uuid.uuid5(_NAMESPACE, f"entity\x1f{first_member}")
