"""One expression of a mapping: Python's grammar, read as a tree, checked node by node, and written out again as safe Python.

Nothing of the author's text reaches the compiled code but constants (through `repr`): names become look-ups in the record, operators
exact functions, methods the table of text methods. What the checker does not know it refuses. Every list an expression may walk belongs
to the element at hand, so that the work for a record grows with its size and never with its square.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from mappings.functions import FUNCTIONS, METHODS, Function
from mappings.grammar import (
    BINARY,
    COMPARE,
    ExpressionError,
    called,
    check_arguments,
    parse,
    place_of,
    plain,
    suggest,
    text_of,
)
from mappings.values import DIGITS

_MEANT = {"true": "True", "false": "False", "null": "None", "none": "None", "nil": "None", "undefined": "None"}
"""Other languages' words for constants. As names they would be fields that no record has, and quietly None."""
CONSTANT = 1_000
"""The level of what comes from the mapping and not from the record."""


class Piece(NamedTuple):
    """A part of an expression as compiled code, and where its value comes from."""

    code: str
    level: int
    """Depth of the outermost element that it reads from: 0 the whole record, CONSTANT nothing of the record."""
    path: str | None = None
    """The dotted path in the source, where it is one."""
    members: str | None = None
    """What comes before the name of a member in such a path: `address.`"""
    elements: str | None = None
    """What comes before the name of a member of an element, if it is a list: `lines[].`, '' for the rows of a group."""


class Bound(NamedTuple):
    """What a special name stands for."""

    piece: Piece | None = None
    scope: Scope | None = None
    fields: dict[str, Piece] | None = None
    """The finished fields of an object, for `this` and `document`."""
    need: Callable[[Any], Piece] | None = None
    """For a `let`: gives its value, and takes note of who uses it."""


class Compiled(NamedTuple):
    """A compiled expression."""

    piece: Piece
    reads: tuple[str, ...]
    """Fields of the element at hand that it reads."""
    follows: bool
    """Whether it reads fields of the document that is being built."""


@dataclass(eq=False)
class Scope:
    """The names at one place of a mapping: an element, its fields as they are asked for, and the special names."""

    element: str
    """The variable of the compiled code that holds the element."""
    path: str | None
    """What comes before its fields in a path of the source; None where that is not known."""
    level: int
    names: dict[str, Bound] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    """Field of the element → variable that holds it. Filled while expressions are compiled."""
    broken: bool = False
    """Whether a field's variable may hold a Broken (heads of a group may)."""
    bare: bool = True
    """Whether the element itself is a value that an expression may use."""


@dataclass
class Uses:
    """What compiling has met, collected over all expressions of a mapping."""

    reads: set[str] = field(default_factory=set)
    lookups: set[str] = field(default_factory=set)
    references: set[str] = field(default_factory=set)


class Compiler:
    """Compiles expressions of one mapping; collects what they read."""

    def __init__(self, tables: Iterable[str], constant: Callable[[Any], str]) -> None:
        self.uses = Uses()
        self._tables = set(tables)
        self._constant = constant
        self._locals = 0

    def compile(self, text: str, scope: Scope, user: Any, *, context: bool = True) -> Compiled:
        """The code of an expression. An ExpressionError says what the dialect does not have; `user` is told to the `let` that it uses."""
        tree = parse(text)
        walker = _Walker(self, text.strip(), scope, user, context=context)
        piece = walker.visit(tree)
        return Compiled(piece, tuple(walker.reads), walker.follows)

    def fresh(self, stem: str) -> str:
        """A variable name that nothing else uses."""
        self._locals += 1
        return f"{stem}{self._locals}"

    def table(self, name: str) -> str:
        """Code that gives a lookup table: the mapping's own, else one of the context."""
        if name in self._tables:
            return f"TABLES[{name!r}]"
        self.uses.lookups.add(name)
        return f"cx.lookups.get({name!r})"

    def constant(self, value: Any) -> str:
        """Code that gives a constant."""
        return self._constant(value)


class _Walker:
    """Writes one checked tree out as code."""

    def __init__(self, compiler: Compiler, text: str, scope: Scope, user: Any, *, context: bool) -> None:
        self._compiler = compiler
        self._text = text
        self._scope = scope
        self._context = context
        self._user = user
        self._variables: list[tuple[str, Piece]] = []
        self.reads: dict[str, None] = {}
        self.follows = False

    @property
    def _level(self) -> int:
        return self._scope.level + len(self._variables)

    def visit(self, node: ast.AST) -> Piece:
        visit = getattr(self, f"_{type(node).__name__.lower()}", None)
        if visit is None:
            raise ExpressionError(f"uses {called(node)}, which mappings do not have")
        piece: Piece = visit(node)
        return piece

    # names and paths

    def _name(self, node: ast.Name) -> Piece:
        for name, piece in reversed(self._variables):
            if name == node.id:
                return piece
        plain(node.id)
        bound = self._scope.names.get(node.id)
        if bound is None and node.id.lower() in _MEANT:
            raise ExpressionError(f"uses the name {node.id}: write {_MEANT[node.id.lower()]} (a field of that name is record[{node.id!r}])")
        if bound is None:
            return self._field(self._scope, node.id)
        if bound.need is not None:
            return bound.need(self._user)
        if bound.piece is not None:
            self._read(bound.piece)
            return bound.piece
        if bound.scope is not None and bound.scope.bare:
            return Piece(bound.scope.element, bound.scope.level, members=bound.scope.path)
        raise ExpressionError(f"uses {node.id} without a field: write {node.id}.name")

    def _field(self, scope: Scope, name: str) -> Piece:
        variable = scope.fields.get(name)
        if variable is None:
            variable = scope.fields[name] = self._compiler.fresh("f")
        code = checked(variable) if scope.broken else variable
        if scope is self._scope:
            self.reads[name] = None
        piece = Piece(code, scope.level) if scope.path is None else located(code, scope.level, scope.path + name)
        self._read(piece)
        return piece

    def _read(self, piece: Piece) -> None:
        if piece.path:
            self._compiler.uses.reads.add(piece.path)

    def _owner(self, node: ast.expr) -> Bound | None:
        """What a special name before a dot or a bracket stands for, where it is not a plain value."""
        if not isinstance(node, ast.Name) or any(name == node.id for name, _ in self._variables):
            return None
        bound = self._scope.names.get(node.id)
        return bound if bound is not None and (bound.scope is not None or bound.fields is not None) else None

    def _attribute(self, node: ast.Attribute) -> Piece:
        plain(node.attr)
        return self._member(node.value, node.attr)

    def _member(self, value: ast.expr, name: str) -> Piece:
        bound = self._owner(value)
        if bound is not None and bound.scope is not None:
            return self._field(bound.scope, name)
        if bound is not None and bound.fields is not None:
            if name not in bound.fields:
                raise ExpressionError(f"uses {ast.unparse(value)}.{name}, but no field {name} comes before it")
            self.follows = True
            return bound.fields[name]
        owner = self.visit(value)
        code = f"get({owner.code}, {name!r})"
        piece = Piece(code, owner.level) if owner.members is None else located(code, owner.level, owner.members + name)
        self._read(piece)
        return piece

    def _subscript(self, node: ast.Subscript) -> Piece:
        if isinstance(node.slice, ast.Slice):
            if node.slice.step is not None:
                raise ExpressionError("uses a slice with a step, which mappings do not have")
            owner = self.visit(node.value)
            start, stop = (place_of(bound) for bound in (node.slice.lower, node.slice.upper))
            return Piece(f"cut({owner.code}, {start!r}, {stop!r})", owner.level, elements=owner.elements)
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            return self._member(node.value, node.slice.value)
        owner = self.visit(node.value)
        return Piece(f"item({owner.code}, {place_of(node.slice)!r})", owner.level, members=owner.elements)

    # constants and operators

    def _constant(self, node: ast.Constant) -> Piece:
        value = node.value
        if value is None or isinstance(value, bool | str):
            return Piece(repr(value), CONSTANT)
        if isinstance(value, int) and abs(value) < 10**DIGITS:
            return Piece(repr(value), CONSTANT)
        if isinstance(value, float):
            exact = Decimal((ast.get_source_segment(self._text, node) or repr(value)).replace("_", ""))
            if len(exact.as_tuple().digits) <= DIGITS and -DIGITS <= exact.adjusted() <= DIGITS:
                return Piece(self._compiler.constant(exact), CONSTANT)
        raise ExpressionError("holds a constant that is not a text, true, false, None or a number of at most 50 digits")

    def _list(self, node: ast.List) -> Piece:
        return self._combined([self.visit(element) for element in node.elts], "[{}]", ", ")

    def _unaryop(self, node: ast.UnaryOp) -> Piece:
        if isinstance(node.op, ast.Not):
            return self._combined([self.visit(node.operand)], "(not {})")
        if isinstance(node.op, ast.USub | ast.UAdd):
            return self._combined([self.visit(node.operand)], "neg({})" if isinstance(node.op, ast.USub) else "pos({})")
        raise ExpressionError("uses ~, which mappings do not have")

    def _binop(self, node: ast.BinOp) -> Piece:
        operator = BINARY.get(type(node.op))
        if operator is None:
            raise ExpressionError(f"uses {called(node.op)}, which mappings do not have")
        left, right = self.visit(node.left), self.visit(node.right)
        index = self._scope.names.get("index")
        if index is not None and left is index.piece and operator == "add" and right.code == "1":
            return Piece(f"({left.code} + 1)", left.level)
        return self._combined([left, right], operator + "({})", ", ")

    def _boolop(self, node: ast.BoolOp) -> Piece:
        return self._combined([self.visit(value) for value in node.values], "({})", " and " if isinstance(node.op, ast.And) else " or ")

    def _ifexp(self, node: ast.IfExp) -> Piece:
        parts = [self.visit(node.body), self.visit(node.test), self.visit(node.orelse)]
        return self._combined(parts, "({} if {} else {})")

    def _compare(self, node: ast.Compare) -> Piece:
        pieces = [self.visit(node.left)]
        code = "(" + pieces[0].code
        for operator, operand in zip(node.ops, node.comparators, strict=True):
            right = self.visit(operand)
            if isinstance(operator, ast.Is | ast.IsNot):
                if right.code != "None":
                    raise ExpressionError("uses `is` with something else than None: use ==")
                if pieces[-1].level == CONSTANT:
                    raise ExpressionError("asks whether a constant is None")
                sign = "is" if isinstance(operator, ast.Is) else "is not"
            else:
                sign = COMPARE[type(operator)]
            code += f" {sign} {right.code}"
            pieces.append(right)
        return Piece(code + ")", min(piece.level for piece in pieces))

    def _combined(self, parts: list[Piece], form: str, separator: str | None = None) -> Piece:
        codes = [part.code for part in parts]
        code = form.format(*codes) if separator is None else form.format(separator.join(codes))
        return Piece(code, min((part.level for part in parts), default=CONSTANT))

    # lists and calls

    def _walked(self, piece: Piece) -> Piece:
        """Refuse to walk a list of an outer element once for each inner one."""
        if piece.level < self._level:
            raise ExpressionError(
                "walks a list of the whole record for each element: put that into a `let` of the document, or use the element's own"
            )
        return piece

    def _listcomp(self, node: ast.ListComp) -> Piece:
        if len(node.generators) != 1:
            raise ExpressionError("uses two `for` in one list; a mapping has one")
        loop = node.generators[0]
        if not isinstance(loop.target, ast.Name) or loop.is_async:
            raise ExpressionError("uses a list that does not run over one name")
        plain(loop.target.id)
        listed = self._walked(self.visit(loop.iter))
        if listed.level == CONSTANT:
            raise ExpressionError("runs over something that is not a list of the record")
        variable = self._compiler.fresh("v")
        self._variables.append((loop.target.id, Piece(variable, self._level + 1, members=listed.elements)))
        element = self.visit(node.elt)
        conditions = "".join(f" if {self.visit(condition).code}" for condition in loop.ifs)
        self._variables.pop()
        code = f"[{element.code} for {variable} in listing({listed.code}){conditions}]"
        return Piece(code, min(listed.level, element.level))

    def _call(self, node: ast.Call) -> Piece:
        if any(isinstance(argument, ast.Starred) for argument in node.args) or any(word.arg is None for word in node.keywords):
            raise ExpressionError("uses * in a call, which mappings do not have")
        if isinstance(node.func, ast.Attribute):
            return self._method(node, node.func)
        if not isinstance(node.func, ast.Name):
            raise ExpressionError("calls something that is not a function")
        name = node.func.id
        function = FUNCTIONS.get(name)
        if function is None or any(variable == name for variable, _ in self._variables):
            raise ExpressionError(f"calls {name}, which is not a function of mappings{suggest(name, FUNCTIONS)}")
        check_arguments(name, node, function)
        if function.context and not self._context:
            raise ExpressionError(f"calls {name}, which needs the connection: not possible here")
        return self._function(name, node, function)

    def _function(self, name: str, node: ast.Call, function: Function) -> Piece:
        arguments = [self.visit(argument) for argument in node.args]
        if function.walks and not (name in {"min", "max"} and len(arguments) > 1):
            self._walked(arguments[1] if name == "allocate" else arguments[0])
        keywords = [(word.arg, self.visit(word.value)) for word in node.keywords]
        codes = [argument.code for argument in arguments]
        if name == "lookup":
            codes.insert(0, self._compiler.table(text_of(node.args[0])))
        if name == "ref":
            self._compiler.uses.references.add(text_of(node.args[0]))
        if name == "total" and arguments[0].elements is not None:
            self._compiler.uses.reads.add(arguments[0].elements + text_of(node.args[1]))
        if function.context:
            codes.insert(0, "cx")
        codes += [f"{word}={piece.code}" for word, piece in keywords]
        level = min((piece.level for piece in [*arguments, *(piece for _, piece in keywords)]), default=CONSTANT)
        return Piece(f"fn_{name}({', '.join(codes)})", level)

    def _method(self, node: ast.Call, called: ast.Attribute) -> Piece:
        plain(called.attr)
        method = METHODS.get(called.attr)
        if method is None:
            raise ExpressionError(f"calls the method {called.attr}, which mappings do not have{suggest(called.attr, METHODS)}")
        check_arguments(called.attr, node, method)
        owner = self.visit(called.value)
        parts = [owner, *(self.visit(argument) for argument in node.args)]
        if method.walks:
            self._walked(parts[1])
        return self._combined(parts, f"tx_{called.attr}({{}})", ", ")


def located(code: str, level: int, path: str) -> Piece:
    """A value at a path of the source."""
    return Piece(code, level, path, path + ".", path + "[].")


def checked(variable: str) -> str:
    """Code that gives a variable, or fails if what should be in it could not be worked out."""
    return f"({variable} if type({variable}) is not Broken else again({variable}))"
