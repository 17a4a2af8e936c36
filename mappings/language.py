"""The mapping language: a YAML file becomes a Mapping, which turns records into documents or problems, never into an exception.

    text ─ marked_yaml ─▶ nodes ─ spec ─▶ Spec ─ generate (expression by expression) ─▶ one Python function ─▶ drafts ─ model ─▶ documents

`docs/mapping-language.md` is its manual.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping as Fields
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from mappings.engine import Broken, Context, Draft, Translation, again, in_order
from mappings.functions import FUNCTIONS, METHODS, OPERATORS
from mappings.generate import Generator
from mappings.marked_yaml import YamlError, read
from mappings.model import REGISTRY
from mappings.model.base import Document
from mappings.problem import Problem
from mappings.report import Names, Report
from mappings.spec import Reader
from mappings.values import text

GROUP_COMPANY = "group"
GROUP_WIDE = frozenset({"customer", "supplier", "product"})
"""Document types that belong to all companies together: parties and items."""
_LONGEST_KEY = 1_000
_ALLOWED = {"enumerate": enumerate, "type": type, "bool": bool, "Exception": Exception}
"""All that compiled code has of Python's own names."""


class MappingError(Exception):
    """A mapping file that cannot be used. `say` lists everything that is wrong with it, with file, line and key."""

    def __init__(self, say: str) -> None:
        super().__init__(say)
        self.say = say


class Mapping:
    """A compiled mapping. Made by `compile_mapping`."""

    def __init__(self, source: str, code: str, generator: Generator) -> None:
        spec, uses = generator.spec, generator.compiler.uses
        complete = spec.group.complete_when if spec.group is not None else ""
        self.name: str = spec.name
        self.version: int = spec.version
        self.digest: str = hashlib.sha256(source.encode()).hexdigest()
        """SHA-256 of the file's text."""
        self.grouped: bool = spec.group is not None
        """Whether several rows make one document."""
        self.complete_when: str = complete if isinstance(complete, str) else "expression"
        """`end_of_read`, `never`, or `expression` (then ask `complete`); '' where rows are not grouped."""
        self.document_types: tuple[str, ...] = tuple(dict.fromkeys(entry.type for entry in spec.documents if entry.type))
        """The types it makes, in the order of the file."""
        self.lookups: tuple[str, ...] = tuple(sorted(uses.lookups))
        """Lookup tables that the context must have."""
        self.references: tuple[str, ...] = tuple(sorted(uses.references))
        """Types of documents that its documents point to with `ref`."""
        self.code: str = code
        """What the file was compiled to, for people who want to know."""
        self._paths = uses.reads
        self._models = [generator.registry.get(entry.type) for entry in spec.documents]
        self._names = Names(spec.name, generator.sites, self._models, generator.elements, generator.lists)
        space: dict[str, Any] = {"__builtins__": _ALLOWED, "TABLES": spec.tables, "Broken": Broken, "again": again}
        space |= OPERATORS | generator.constants
        space |= {f"fn_{name}": function.call for name, function in FUNCTIONS.items()}
        space |= {f"tx_{name}": method.call for name, method in METHODS.items()}
        exec(compile(code, f"<mapping {self.name}>", "exec"), space)  # noqa: S102 - written from checked trees; of the author's text only constants
        self._run, self._key = space["run"], space.get("key")
        self._order, self._complete = space.get("order"), space.get("complete")

    def reads(self) -> tuple[str, ...]:
        """The paths of the source that it reads: `InvoiceNo`, `customer.email`, `lines[].sku`."""
        return tuple(sorted(path for path in self._paths if not any(other.startswith((path + ".", path + "[].")) for other in self._paths)))

    def group_key(self, body: Fields[str, Any]) -> str | Problem:
        """The key of the group to which a row belongs, or why it belongs to none. Only for a grouped mapping."""
        assert self._key is not None, "only a grouped mapping has keys"
        fix = f"Correct the row at the source, or change group.by of the mapping {self.name}."
        try:
            key = text(self._key(body))
            if key and len(key) <= _LONGEST_KEY and key.encode():
                return key
        except Exception:  # noqa: BLE001 - whatever a row holds, it is the row that is wrong
            return Problem("MAP-RULE", "The row's document cannot be worked out: what names it is missing or of the wrong kind.", fix)
        if key:
            return Problem("MAP-TYPE", f"What names the row's document has more than {_LONGEST_KEY:,} characters.", fix)
        return Problem("MAP-REQUIRED", "The row belongs to no document: what should name it is empty.", fix)

    def complete(self, rows: Sequence[Fields[str, Any]], context: Context) -> bool:
        """Whether a group has all its rows, for `complete_when: expression`; what cannot be worked out is not complete."""
        assert self._complete is not None, "only for complete_when: expression"
        try:
            return bool(self._complete(list(rows), context))
        except Exception:  # noqa: BLE001 - translating the group will say what is wrong
            return False

    def translate(self, rows: Sequence[Fields[str, Any]], context: Context) -> Translation:
        """The documents of one record (`rows` has one), or of the rows of one group. Any problem holds them all."""
        if not rows:
            return Translation()
        report = Report(self._names, lambda: self._called(rows))
        try:
            listed = rows if isinstance(rows, list) else list(rows)
            if self._order is not None:
                report.order = in_order([self._order(row, context) for row in listed])
                listed = [listed[place] for place in report.order]
            drafts, excluded, fits = self._run(listed, context, report)
        except Exception:  # noqa: BLE001 - a record must never stop a run
            say = "its rows cannot be put in order" if self._order is not None else "it cannot be read as the mapping expects"
            report.add("MAP-RULE", -1, say, f"Correct it at the source, or change the mapping {self.name}.")
            return Translation([], report.problems)
        documents = [document for draft in drafts if (document := self._document(Draft(*draft), context, report)) is not None]
        if not fits and not report.problems:
            fix = f"Add a document, or an `exclude` with its reason, to the mapping {self.name}."
            report.add("MAP-NONE", -1, "no document of the mapping fits", fix)
        if len(documents) > 1:
            self._refuse_twins(documents, report)
        if report.problems:
            return Translation([], report.problems, rows=frozenset(report.rows))
        return Translation(documents, [], "" if documents else excluded)

    def _document(self, draft: Draft, context: Context, report: Report) -> Document | None:
        model = self._models[draft.entry]
        assert model is not None, "an exclusion makes no draft"
        report.number = draft.fields["source_id"]
        self._set_company(model, draft, context, report)
        try:
            return model.model_validate(draft.fields)
        except ValidationError as error:
            report.invalid(draft, error)
        except Exception:  # noqa: BLE001 - for instance a RecursionError in a hostile value
            report.add("MAP-TYPE", draft.entry, "it holds a value that cannot be read", "Correct it at the source.")
        return None

    def _set_company(self, model: type[Document], draft: Draft, context: Context, report: Report) -> None:
        """The connection names the company; parties and items belong to all companies together."""
        company = context.company
        if model.type in GROUP_WIDE:
            company = GROUP_COMPANY
        elif company is not None and not isinstance(company, str):
            location = draft.fields["source_id"] if model.type == "location" else draft.fields.get("location")
            if isinstance(location, Broken):
                return
            company = company.get(location) if isinstance(location, str) else None
        if company is None:
            fix = "Name the company in the connection's configuration, or add the location to its table of companies."
            report.add("MAP-COMPANY", draft.entry, "no company can be found for it", fix, "company")
        draft.fields["company"] = company

    def _refuse_twins(self, documents: list[Document], report: Report) -> None:
        counted = Counter((document.type, document.source_id) for document in documents)
        for (kind, source_id), count in counted.items():
            if count > 1:
                say = f"it gives {count} documents of type {kind} with the same id {source_id}"
                report.add("MAP-RULE", -1, say, f"Give each an id of its own in the mapping {self.name}.", "source_id")

    def _called(self, rows: Sequence[Fields[str, Any]]) -> str:
        key = self.group_key(rows[0]) if self.grouped else None
        return f"Document {key}" if isinstance(key, str) and key.isprintable() else "This record"


def compile_mapping(source: str, *, where: str, registry: Fields[str, type[Document]] = REGISTRY) -> Mapping:
    """Compile the text of a mapping file. A MappingError lists all that is wrong with it; `where` names the file in it."""
    try:
        root = read(source)
    except YamlError as error:
        raise MappingError(f"{where}, line {error.line}: {error}.") from None
    reader = Reader()
    try:
        generator = Generator(reader.spec(root), registry, reader.faults)
        code = generator.code()
        if not reader.faults:
            return Mapping(source, code, generator)
    except (SyntaxError, RecursionError):
        raise MappingError(f"{where}: the mapping is nested too deep to be compiled.") from None
    raise MappingError("\n".join(f"{where}, line {line}, {key}: {say}." for line, key, say in sorted(set(reader.faults))))
