"""The mapping language: a YAML file becomes a Mapping, which turns records into documents or problems, never into an exception.

text ─ marked_yaml ─▶ nodes ─ spec ─▶ Spec ─ generate (expression by expression) ─▶ one Python function ─ engine ─▶ documents, problems
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from mappings.engine import GROUP_COMPANY, GROUP_WIDE, Again, Broken, Context, Names, Report, Translation, again, in_order
from mappings.functions import FUNCTIONS, METHODS, OPERATORS, text
from mappings.generate import Generator
from mappings.marked_yaml import YamlError, read
from mappings.model import REGISTRY
from mappings.model.base import Document
from mappings.problem import Problem
from mappings.spec import Faults, Reader

_MAX_KEY = 1_000
_ALLOWED = {"enumerate": enumerate, "type": type, "bool": bool, "Exception": Exception}
"""All that compiled code has of Python's own names."""


class MappingError(Exception):
    """A mapping file that cannot be used. `say` lists everything that is wrong with it, with file, line and key."""

    def __init__(self, say: str) -> None:
        super().__init__(say)
        self.say = say


class Mapping:
    """A compiled mapping. Made by `compile_mapping`."""

    name: str
    version: int
    digest: str
    """SHA-256 of the file's text."""
    grouped: bool
    """Whether several rows make one document."""
    complete_when: str
    """`end_of_read`, `never`, or `expression` (then ask `complete`); only for groups."""
    document_types: tuple[str, ...]
    """The types it makes, in the order of the file."""
    lookups: tuple[str, ...]
    """Lookup tables that the context must have."""
    references: tuple[str, ...]
    """Types of documents that its documents point to with `ref`."""
    code: str
    """What the file was compiled to, for people who want to know."""

    def __init__(self, text_: str, generator: Generator) -> None:
        spec = generator.spec
        self.name, self.version = spec.name, spec.version
        self.digest = hashlib.sha256(text_.encode()).hexdigest()
        self.grouped = spec.group is not None
        complete = spec.group.complete_when if spec.group is not None else ""
        self.complete_when = complete if isinstance(complete, str) else "expression"
        self.document_types = tuple(dict.fromkeys(document.type for document in spec.documents if document.type))
        self.code = generator.code()
        self.lookups = tuple(sorted(generator.compiler.uses.lookups))
        self.references = tuple(sorted(generator.compiler.uses.references))
        self._models = [generator.registry.get(document.type) for document in spec.documents]
        self._sites, self._lists = generator.sites, generator.lists
        self._reads = generator.compiler.uses.reads
        if not generator.faults:
            self._load(generator)

    def _load(self, generator: Generator) -> None:
        space: dict[str, Any] = {"__builtins__": _ALLOWED, "TABLES": generator.spec.tables, "Broken": Broken, "again": again}
        space |= OPERATORS | generator.constants
        space |= {f"fn_{name}": function.call for name, function in FUNCTIONS.items()}
        space |= {f"tx_{name}": method.call for name, method in METHODS.items()}
        exec(compile(self.code, f"<mapping {self.name}>", "exec"), space)  # noqa: S102 - generated from a checked tree, constants only
        self._run, self._key = space["run"], space.get("key")
        self._order, self._complete = space.get("order"), space.get("complete")

    def reads(self) -> tuple[str, ...]:
        """The paths of the source that it reads: `InvoiceNo`, `customer.email`, `lines[].sku`."""
        return tuple(sorted(path for path in self._reads if not any(other.startswith((path + ".", path + "[].")) for other in self._reads)))

    def group_key(self, body: MappingType[str, Any]) -> str | Problem:
        """The key of the group to which a row belongs, or why it belongs to none. Only for a grouped mapping."""
        assert self._key is not None, "only a grouped mapping has keys"
        fix = f"Correct the row at the source, or change group.by of the mapping {self.name}."
        try:
            key = text(self._key(body))
            if key and len(key) <= _MAX_KEY and key.encode():
                return key
        except Exception:  # noqa: BLE001 - whatever a row holds, it is the row that is wrong
            return Problem("MAP-RULE", "The row's document cannot be worked out: what names it is missing or of the wrong kind.", fix)
        if key:
            return Problem("MAP-TYPE", f"What names the row's document has more than {_MAX_KEY:,} characters.", fix)
        return Problem("MAP-REQUIRED", "The row belongs to no document: what should name it is empty.", fix)

    def complete(self, rows: Sequence[MappingType[str, Any]], context: Context) -> bool:
        """Whether a group has all its rows, for `complete_when` with an expression; what cannot be worked out is not complete."""
        if self._complete is None:
            return False
        try:
            return bool(self._complete(rows, context))
        except Exception:  # noqa: BLE001 - translating the group will say what is wrong
            return False

    def translate(self, rows: Sequence[MappingType[str, Any]], context: Context) -> Translation:
        """The documents of one record (one row), or of the rows of one group. Any problem holds them all."""
        if not rows:
            return Translation()
        report = Report(Names(self.name, self._sites, self._models, self._lists, lambda: self._called(rows)))
        try:
            if self._order is not None:
                rows = in_order(rows, [self._order(row, context) for row in rows])
            made, excluded, fits = self._run(rows, context, report)
        except Exception:  # noqa: BLE001 - a record must never stop a run
            report.add(
                "MAP-RULE", -1, "it cannot be read as the mapping expects", f"Correct it at the source, or change the mapping {self.name}."
            )
            return Translation([], report.problems)
        documents = [document for each in made if (document := self._document(*each, context, report)) is not None]
        if not fits and not report.problems:
            say = "no document of the mapping fits"
            report.add("MAP-NONE", -1, say, f"Add a document, or an `exclude` with its reason, to the mapping {self.name}.")
        if len(documents) > 1:
            self._refuse_twins(documents, report)
        if report.problems:
            return Translation([], report.problems)
        return Translation(documents, report.problems, "" if documents else excluded)

    def _document(
        self,
        number: int,
        fields: dict[str, Any],
        places: tuple[int, ...],
        positions: MappingType[str, list[int]],
        context: Context,
        report: Report,
    ) -> Document | None:
        model = self._models[number]
        assert model is not None
        identity = fields["source_id"]
        report.number = identity if isinstance(identity, str) else None
        if "company" in model.model_fields:
            self._set_company(model, number, fields, context, report)
        try:
            return model.model_validate(fields)
        except ValidationError as error:
            report.invalid(number, fields, positions, error)
        except Exception:  # noqa: BLE001 - for instance a RecursionError in a hostile value
            report.add("MAP-TYPE", number, "it holds a value that cannot be read", "Correct it at the source.")
        return None

    def _set_company(self, model: type[Document], number: int, fields: dict[str, Any], context: Context, report: Report) -> None:
        """The connection names the company; parties and items belong to all companies together."""
        company: Any = context.company
        if model.type in GROUP_WIDE:
            company = GROUP_COMPANY
        elif company is not None and not isinstance(company, str):
            location = fields.get("location")
            company = company.get(location) if isinstance(location, str) else None
        if company is None and not isinstance(fields.get("location"), Broken):
            fix = "Name the company in the connection's configuration, or add the location to its table of companies."
            report.add("MAP-COMPANY", number, "no company can be found for it", fix, "company")
        fields["company"] = company

    def _refuse_twins(self, documents: list[Document], report: Report) -> None:
        counted = Counter((document.type, document.source_id) for document in documents)
        for (kind, source_id), count in counted.items():
            if count > 1:
                say = f"it gives {count} documents of type {kind} with the same id {source_id}"
                report.add("MAP-RULE", -1, say, f"Give each an id of its own in the mapping {self.name}.", "source_id")

    def _called(self, rows: Sequence[MappingType[str, Any]]) -> str:
        key = self.group_key(rows[0]) if self.grouped else None
        return f"Document {key}" if isinstance(key, str) else "This record"


def compile_mapping(text_: str, *, where: str, registry: MappingType[str, type[Document]] = REGISTRY) -> Mapping:
    """Compile the text of a mapping file. A MappingError lists all that is wrong with it; `where` names the file in it."""
    try:
        root = read(text_)
    except YamlError as error:
        raise MappingError(f"{where}, line {error.line}: {error}.") from None
    reader = Reader()
    spec = reader.spec(root)
    faults: Faults = reader.faults
    generator = Generator(spec, registry, faults)
    mapping = Mapping(text_, generator)
    if faults:
        told = sorted({(line, key, say) for line, key, say in faults})
        raise MappingError("\n".join(f"{where}, line {line}, {key}: {say}." for line, key, say in told))
    return mapping
