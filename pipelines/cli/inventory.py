"""`counterfoil connectors`, `model` and `version`: what is installed, and what documents there are."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from pipelines.cli.ending import Invalid
from pipelines.cli.options import Json


def connectors(as_json: Json = False) -> None:
    """List the systems that can be read and written, with what is known of each."""
    from pipelines.cli.page import Page, put_json
    from taps._kit.registry import taps
    from targets._kit.registry import targets

    found: list[dict[str, Any]] = [
        {"name": each.name, "role": "tap", "title": each.title, "streams": ["*"], "facts": asdict(each.facts)} for each in taps().values()
    ]
    found += [
        {"name": each.name, "role": "target", "title": each.title, "documents": list(each.kinds), "facts": asdict(each.facts)}
        for each in targets().values()
    ]
    if as_json:
        put_json(found)
        return
    page = Page()
    rows = [
        (each["name"], each["role"], each["title"], each["facts"]["delivery"] or "", ", ".join(each.get("documents", ["as configured"])))
        for each in found
    ]
    page.table(("name", "role", "what", "delivery", "streams or documents"), rows)


def model(
    document: Annotated[str | None, typer.Argument(help="One type of document, such as order; all if none is named.")] = None,
    schema: Annotated[bool, typer.Option("--json-schema", help="Print JSON Schema instead.")] = False,
) -> None:
    """Show the documents that everything is translated into, with their fields and which of them are personal."""
    from mappings.model import REGISTRY
    from mappings.model.describe import describe, json_schema
    from mappings.nearest import instead
    from pipelines.cli.page import Page, put_json

    if document is not None and document not in REGISTRY:
        raise Invalid(f"There is no document type {document!r}; {instead(document, REGISTRY)}")
    chosen = {name: cls for name, cls in REGISTRY.items() if document in (None, name)}
    if schema:
        schemas = {name: json_schema(cls) for name, cls in chosen.items()}
        put_json(schemas[document] if document is not None else schemas)
        return
    page = Page()
    for entity in describe(chosen):
        page.title(f"{entity.title} ({entity.type})" if not entity.part else entity.title)
        page.say(f"  {entity.says}")
        rows = [
            (field.name, field.kind, "needed" if field.required else "", "personal" if field.pii else "", field.says)
            for field in entity.fields
        ]
        page.table(("field", "kind", "needed", "personal", "what it is"), rows, wraps=["kind"])


def version() -> None:
    """Print the version of this installation."""
    from importlib.metadata import version as of

    print(of("counterfoil"))
