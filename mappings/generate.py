"""From a mapping file's Spec to one Python function: the documents of a record, or of the rows of a group, as plain dicts.

Each expression has a guard of its own (which costs nothing while nothing goes wrong): what fails is reported with its place, the rest
goes on, so that all problems of a record are found at once. `R` is the engine's report, `cx` the context.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from mappings.codegen import Block, Place, Site
from mappings.expression import CONSTANT, Bound, Compiled, Compiler, Piece, Scope, checked
from mappings.grammar import ExpressionError, suggest
from mappings.model.base import Document
from mappings.shape import Shape, shape_of
from mappings.spec import DocumentSpec, Each, Expression, Faults, GroupSpec, Items, Literal, Object, Spec, Value

_HEAD = {"problem": "same", "first": "from_first", "min": "least", "max": "greatest"}
_SET_BY_ENGINE = {"source_id": "comes from `id`", "company": "comes from the connection"}
_OUTER = ("record", "rows", "document")
_LONGEST_CHAIN = 50
NOTHING: Mapping[str, str] = {}


class Spot(NamedTuple):
    """A place in the mapping file, and the place in the model that it fills (None where that is not known)."""

    shape: Shape | None
    key: str
    line: int


class Generator:
    """Writes the code of one mapping; `faults` has what does not fit the language or the model."""

    def __init__(self, spec: Spec, registry: Mapping[str, type[Document]], faults: Faults) -> None:
        self.spec = spec
        self.registry = registry
        self.faults = faults
        self.sites: list[Site] = []
        self.constants: dict[str, Any] = {}
        self.lists: list[dict[str, str]] = [{} for _ in spec.documents]
        """By document: path of a list → what its elements are called."""
        self.elements = [""] * len(spec.documents)
        """By document: what the elements of its own `each` are called; '' without."""
        self.compiler = Compiler(spec.tables, self._constant)
        self._used: set[str] = set()
        self._depth = 0

    def code(self) -> str:
        """A module with `run(rows, cx, R)` and, for groups, `key(r0)`, `order(r0, cx)` and `complete(rows, cx)` as far as needed."""
        module = Block(0)
        if self.spec.group is not None:
            self._group(module, self.spec.group)
        module.add("def run(rows, cx, R):")
        body = module.inner()
        body.add("out, excluded, fits, done = [], '', False, False")
        body.add("r0 = rows[0]")
        record = self._record(body)
        for number, document in enumerate(self.spec.documents):
            self._document(replace(record, entry=number), number, document, f"documents[{number}]")
        self._read_fields(record)
        body.add("return out, excluded, fits")
        self._refuse_unused()
        return str(module)

    def _group(self, module: Block, group: GroupSpec) -> None:
        """Small functions of their own, without guards: who calls them catches."""
        self._row_function(module, "key(r0)", group.by, "group.by", context=False)
        if group.order is not None:
            self._row_function(module, "order(r0, cx)", group.order, "group.order")
        if isinstance(group.complete_when, Expression):
            module.add("def complete(rows, cx):")
            body = module.inner()
            body.add("r0 = rows[0]")
            place = self._record(body)
            compiled = self._compile(place, group.complete_when, "group.complete_when")[0]
            self._read_fields(place)
            body.add(f"return bool({compiled.code})")

    def _row_function(self, module: Block, head: str, expression: Expression, key: str, *, context: bool = True) -> None:
        module.add(f"def {head}:")
        body = module.inner()
        place = self._place(body, "r0")
        compiled = self._compile(place, expression, key, context=context)[0]
        for name, variable in place.scope.fields.items():
            place.reads.add(f"{variable} = r0.get({name!r})")
        body.add(f"return {compiled.code}")

    # scopes

    def _place(self, body: Block, element: str, path: str | None = "") -> Place:
        """The scope of a whole record or row."""
        scope = Scope(element, path, 0)
        scope.names["row"] = scope.names["record"] = Bound(scope=scope)
        place = Place(scope, body, body.inner(0), body.inner(0))
        self._bind_lets(place, self.spec.let, "let")
        return place

    def _record(self, body: Block) -> Place:
        """The scope of the whole record, or of the head of a group."""
        place = self._place(body, "r0")
        if self.spec.group is not None:
            place.scope.broken, place.scope.bare = True, False
            place.scope.names["rows"] = Bound(Piece("rows", 0, elements=""))
        return place

    def _read_fields(self, place: Place) -> None:
        """Write what the expressions of a scope turned out to read, now that they are all compiled."""
        fields = place.scope.fields
        if place.scope.broken and self.spec.group is not None:
            for name, variable in fields.items():
                rule = _HEAD[self.spec.group.head.get(name, "problem")]
                site = self._site(replace(place, path="", entry=-1), name, self.spec.group.line)
                place.reads.add(f"try: {variable} = {rule}(rows, {name!r})")
                place.reads.add(f"except Exception as e: {variable} = R.keep(e, {site}, r0, ())")
        elif fields:
            site = self._site(place, "", 0)
            place.reads.add("try: " + "; ".join(f"{variable} = {place.scope.element}.get({name!r})" for name, variable in fields.items()))
            escape = "continue" if place.indexes else "return out, excluded, True"
            place.reads.add(f"except Exception as e: R.fail(e, {site}, {place.here}); {escape}")

    def _loop(self, place: Place, source: Expression, name: str, let: dict[str, Expression], key: str) -> Place:
        """Write the head of a loop over a list; gives the place inside it, whose fields are to be read at the end."""
        piece, site = self._compile(place, source, f"{key}.each")
        if piece.level < place.scope.level:
            self.faults.add(source.line, f"{key}.each", "walks a list of the whole record for each element: use the element's own")
        listed, index, element = (self.compiler.fresh(stem) for stem in ("s", "i", "r"))
        self._guard(place, listed, f"listing({piece.code})", site, failed="()")
        place.block.add(f"for {index}, {element} in enumerate({listed}):")
        body = place.block.inner()
        level = place.scope.level + 1
        scope = Scope(element, piece.elements, level)
        scope.names = {word: bound for word, bound in place.scope.names.items() if word in _OUTER or bound.need or bound.scope}
        scope.names |= {"row": Bound(scope=scope), "index": Bound(Piece(index, level))}
        word = "row" if piece.code == "rows" else _last_word(source.text) or place.path.rpartition(".")[2]
        path = f"{place.path}.{{}}" if place.path else ""
        inner = Place(scope, body, body.inner(0), body.inner(0), place.entry, path, (*place.indexes, index), (*place.words, word))
        if name:
            self._name(inner, name, Bound(scope=scope), source.line, f"{key}.as")
        if piece.code == "rows":
            self._bind_lets(inner, self.spec.let, "let")
        self._bind_lets(inner, let, f"{key}.let")
        return inner

    # let

    def _bind_lets(self, place: Place, let: dict[str, Expression], key: str) -> None:
        for name, expression in let.items():
            bound = Bound(need=self._lazy(place, name, expression, f"{key}.{name}"))
            if key == "let":
                place.scope.names[name] = bound
            else:
                self._name(place, name, bound, expression.line, f"{key}.{name}")

    def _name(self, place: Place, name: str, bound: Bound, line: int, key: str) -> None:
        if name in place.scope.names:
            self.faults.add(line, key, f"gives {name} a second meaning here: take another name")
        place.scope.names[name] = bound

    def _lazy(self, place: Place, name: str, expression: Expression, key: str) -> Callable[[Site | None], Piece]:
        """A `let` is compiled where it is first used in a scope, and worked out once for each element."""
        ready: list[tuple[Piece, int]] = []
        busy: list[bool] = []

        def need(user: Site | None) -> Piece:
            self._used.add(key)
            if busy:
                raise ExpressionError(f"leads back to itself through {name}")
            if self._depth >= _LONGEST_CHAIN:
                raise ExpressionError(f"leads through more than {_LONGEST_CHAIN} other names")
            if not ready:
                busy.append(True)
                self._depth += 1
                variable = self.compiler.fresh("l")
                piece, site = self._compile(replace(place, path="", entry=-1), expression, key, path=name)
                place.lets.add(f"try: {variable} = {piece.code}")
                place.lets.add(f"except Exception as e: {variable} = R.keep(e, {site}, {place.here})")
                ready.append((piece._replace(code=checked(variable)), site))
                busy.clear()
                self._depth -= 1
            if user is not None:
                self.sites[ready[0][1]].users.append(user)
            return ready[0][0]

        return need

    def _refuse_unused(self) -> None:
        """A name that nothing uses is most likely misspelt where it should be."""
        named = [(f"let.{name}", expression) for name, expression in self.spec.let.items()]
        for number, document in enumerate(self.spec.documents):
            named += [(f"documents[{number}].let.{name}", expression) for name, expression in document.let.items()]
        for key, expression in named:
            if key not in self._used and not self.faults:
                self.faults.add(expression.line, key, "is used by no expression: remove it, or correct the name where it is used")

    # documents

    def _document(self, place: Place, number: int, document: DocumentSpec, key: str) -> None:
        if not document.also:
            place.block.add("if not done:")
            place = place.at(place.block.inner())
        place.block.add("w = True")
        if document.when is not None:
            piece, site = self._compile(place, document.when, f"{key}.when")
            place.block.add(f"try: w = bool({piece.code})")
            place.block.add(
                f"except Exception as e: R.fail(e, {site}, {place.here}); w = False; fits = True"
                + ("" if document.also else "; done = True")
            )
        place.block.add("if w:")
        place = place.at(place.block.inner())
        place.block.add("fits = True" if document.also else "fits = done = True")
        if document.exclude:
            place.block.add(f"excluded = {document.exclude!r}")
        elif document.source is not None:
            inner = self._loop(place, document.source, document.name, document.let, key)
            self.elements[number] = inner.words[-1]
            self._made(inner, number, document, key)
            self._read_fields(inner)
        else:
            names = dict(place.scope.names)
            place = replace(place, scope=replace(place.scope, names=names), lets=place.block.inner(0))
            if document.name:
                self._name(place, document.name, Bound(scope=place.scope), document.line, f"{key}.as")
            self._bind_lets(place, document.let, f"{key}.let")
            self._made(place, number, document, key)

    def _made(self, place: Place, number: int, document: DocumentSpec, key: str) -> None:
        """Write the code that puts one document on the way."""
        shape = self._shape(document, key)
        place.block.add("positions = {}")
        identity, target = self.compiler.fresh("t"), self.compiler.fresh("d")
        if document.id is not None:
            piece, site = self._compile(place, document.id, f"{key}.id", path="source_id", quotable=True)
            self._guard(place, identity, f"fn_text({piece.code})", site)
            place.block.add(f"R.number = {identity}")
        fields = {name: value for name, value in document.fields.items() if name not in _SET_BY_ENGINE}
        self._object(place, target, fields, Spot(shape, key, document.line), {"source_id": identity})
        place.block.add(f"out.append(({number}, {target}, ({''.join(index + ', ' for index in place.indexes)}), positions))")

    def _shape(self, document: DocumentSpec, key: str) -> Shape | None:
        for name, instead in _SET_BY_ENGINE.items():
            if name in document.fields:
                self.faults.add(document.fields[name].line, f"{key}.fields.{name}", f"is not set here: it {instead}")
        model = self.registry.get(document.type)
        if model is None and document.type:
            self.faults.add(
                document.line, f"{key}.type", f"{document.type} is not a document of the model{suggest(document.type, self.registry)}"
            )
        return shape_of(model) if model is not None else None

    # values

    def _object(self, place: Place, target: str, fields: dict[str, Value], at: Spot, given: Mapping[str, str] = NOTHING) -> None:
        """Write the code that puts an object together into `target`. `given` are fields that are already in variables."""
        done: dict[str, Piece] = {}
        codes = dict(given)
        droppable: list[str] = []
        names = place.scope.names
        before = {"this": names.get("this"), "document": names.get("document")}
        names["this"] = Bound(fields=done)
        names.setdefault("document", names["this"])
        for name, value in fields.items():
            shape = at.shape.field(name) if at.shape is not None else None
            spot = Spot(shape, f"{at.key}.fields.{name}", value.line)
            if at.shape is not None and shape is None:
                self.faults.add(spot.line, spot.key, f"is not a field of {at.shape.name}{suggest(name, at.shape.names())}")
            codes[name], done[name] = self._value(place.at(path=f"{place.path}.{name}".lstrip(".")), value, spot)
            if shape is not None and shape.drops_none and not (isinstance(value, Literal) and value.value is not None):
                droppable.append(name)
        for word, bound in before.items():
            del names[word]
            if bound is not None:
                names[word] = bound
        if at.shape is not None and (lacking := [name for name in at.shape.required() if name not in codes]):
            self.faults.add(at.line, f"{at.key}.fields", f"lacks {', '.join(lacking)}: {at.shape.name} needs it")
        place.block.add(f"{target} = {{{', '.join(f'{name!r}: {code}' for name, code in codes.items())}}}")
        for name in droppable:
            place.block.add(f"if {codes[name]} is None: del {target}[{name!r}]")
        if at.shape is not None and at.shape.free:
            place.block.add(f"{target} = {{name: value for name, value in {target}.items() if value is not None}}")

    def _value(self, place: Place, value: Value, at: Spot) -> tuple[str, Piece]:
        """Write the code of one value. Gives the variable or constant that holds it, and what `this.name` means."""
        if isinstance(value, Literal):
            code = repr(value.value) if value.value is None or isinstance(value.value, bool | int) else self._constant(value.value)
            return code, Piece(code, CONSTANT)
        if isinstance(value, Expression):
            piece, site = self._compile(place, value, at.key, quotable=at.shape is not None and not at.shape.personal)
            if piece.code.isidentifier():
                return piece.code, Piece(piece.code, piece.level)
            target = self.compiler.fresh("t")
            self._guard(place, target, piece.code, site)
            return target, Piece(checked(target), piece.level)
        target = self.compiler.fresh("t")
        if isinstance(value, Object):
            self._nested(place, target, value, at)
        elif at.shape is not None and not at.shape.listed:
            self.faults.add(at.line, at.key, "is not a list in the model")
        elif isinstance(value, Items):
            self._items(place, target, value, at)
        else:
            self._each(place, target, value, at)
        return target, Piece(target, place.scope.level)

    def _nested(self, place: Place, target: str, value: Object, at: Spot) -> None:
        if value.when is not None:
            place.block.add(f"{target} = None")
            self._condition(place, value.when, f"{at.key}.when")
            place.block.add("if w:")
            place = place.at(place.block.inner())
        self._object(place, target, value.fields, at)

    def _items(self, place: Place, target: str, value: Items, at: Spot) -> None:
        """A list written item by item; the elements of an `each` in it are items of their own."""
        parts: list[str] = []
        for number, item in enumerate(value.items):
            spot = Spot(at.shape, f"{at.key}[{number}]", item.line)
            if isinstance(item, Each):
                parts.append("*" + self.compiler.fresh("t"))
                self._each(place, parts[-1][1:], item, spot, whole=False)
            else:
                code = self._value(place.at(path=f"{place.path}.{number}"), item, spot)[0]
                parts.append(f"*([] if {code} is None else [{code}])" if isinstance(item, Object) and item.when is not None else code)
        place.block.add(f"{target} = [{', '.join(parts)}]")

    def _each(self, place: Place, target: str, value: Each, at: Spot, *, whole: bool = True) -> None:
        """A list of objects; `whole` if nothing else goes into the same list, so that places in it and in the source are the same."""
        place.block.add(f"{target} = []")
        element = self._loop(place, value.source, value.name, value.let, at.key)
        append = f"{target}.append({{}})"
        if whole:
            self.lists[place.entry][place.path] = element.words[-1]
        if value.when is not None:
            self._condition(element, value.when, f"{at.key}.when")
            element.block.add("if not w: continue")
            if whole and "{}" not in place.path:
                append += f"; positions.setdefault({place.path!r}, []).append({element.indexes[-1]})"
        variable = self.compiler.fresh("d")
        self._object(element, variable, value.fields, at)
        element.block.add(append.format(variable))
        self._read_fields(element)

    def _condition(self, place: Place, when: Expression, key: str) -> None:
        piece, site = self._compile(place, when, key)
        self._guard(place, "w", piece.code, site, failed="False")

    # small things

    def _compile(
        self, place: Place, expression: Expression, key: str, *, path: str = "", quotable: bool = False, context: bool = True
    ) -> tuple[Piece, int]:
        number = self._site(place, path or place.path, expression.line, quotable=quotable)
        site = self.sites[number]
        try:
            compiled: Compiled = self.compiler.compile(expression.text, place.scope, site, context=context)
        except ExpressionError as error:
            self.faults.add(expression.line, key, str(error))
            return Piece("None", CONSTANT), number
        site.reads, site.follows = compiled.reads, compiled.follows
        return compiled.piece, number

    def _site(self, place: Place, path: str, line: int, *, quotable: bool = False) -> int:
        self.sites.append(Site(path or place.path, line, place.entry, place.words, quotable=quotable))
        return len(self.sites) - 1

    def _guard(self, place: Place, target: str, code: str, site: int, *, failed: str = "") -> None:
        place.block.add(f"try: {target} = {code}")
        place.block.add(f"except Exception as e: {target} = R.fail(e, {site}, {place.here})" + (f"; {target} = {failed}" if failed else ""))

    def _constant(self, value: Any) -> str:
        name = f"K{len(self.constants)}"
        self.constants[name] = value
        return name


def _last_word(text: str) -> str:
    """What a path ends in: `lines` of `record.lines`; '' where the text is no path."""
    name = text.strip().rpartition(".")[2]
    return name if name.isidentifier() else ""
