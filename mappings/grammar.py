"""What of Python's grammar an expression may use, apart from its meaning: sizes, names, constants, and what to call what it may not."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from mappings.functions import Function
from mappings.nearest import did_you_mean

MAX_LENGTH = 2_000
MAX_NODES = 400
MAX_DEPTH = 40
BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
}
COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}


class ExpressionError(Exception):
    """An expression that is not of the dialect; the text is a sentence for the author."""


def parse(text: str) -> ast.expr:
    """The tree of an expression, or an ExpressionError where it is none or too big."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"is longer than {MAX_LENGTH:,} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = getattr(error, "msg", None) or "it cannot be read"
        hint = " (within { } of YAML an expression with a comma needs quotes)" if "never closed" in why else ""
        raise ExpressionError(f"is not an expression: {why}{hint}") from None
    bound_size(tree)
    return tree.body


def bound_size(tree: ast.AST) -> None:
    """Refuse a tree that is too big or too deep, without recursion."""
    nodes, todo = 0, [(tree, 0)]
    while todo:
        node, depth = todo.pop()
        nodes += 1
        if nodes > MAX_NODES or depth > MAX_DEPTH:
            raise ExpressionError("is too big: put parts of it into `let`")
        todo += [(child, depth + 1) for child in ast.iter_child_nodes(node)]


def plain(name: str) -> None:
    """Refuse a name that begins with an underscore."""
    if name.startswith("_"):
        raise ExpressionError(f"uses the name {name}: names do not start with _ (a field of that name is row[{name!r}])")


def place_of(node: ast.expr | None) -> int | None:
    """A constant whole number of a subscript."""
    if node is None:
        return None
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node, sign = node.operand, -1
    if isinstance(node, ast.Constant) and type(node.value) is int and node.value < 10**9:
        return sign * node.value
    raise ExpressionError("uses a subscript that is not a constant")


def text_of(node: ast.expr) -> str:
    """The constant text of a node; '' where it is none."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def check_arguments(name: str, node: ast.Call, function: Function) -> None:
    """Refuse a call that the function would not understand."""
    given = [word.arg for word in node.keywords]
    if unknown := [word for word in given if word not in function.keywords]:
        raise ExpressionError(f"calls {name} with {unknown[0]}=, which it does not have")
    if not function.least <= len(node.args) <= function.most:
        needed = str(function.least) if function.least == function.most else f"{function.least} to {function.most}"
        raise ExpressionError(f"calls {name} with {len(node.args)} values; it takes {needed}")
    for place, argument in enumerate(node.args):
        if place in function.constants and not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
            raise ExpressionError(f"calls {name} with something else than a constant text as value {place + 1}")


def suggest(name: str, known: Iterable[str]) -> str:
    """A hint in brackets where a known name is close to a wrong one."""
    hint = did_you_mean(name, known)
    return f" ({hint})" if hint else ""


def called(node: ast.AST) -> str:
    """What people call a piece of grammar."""
    words = {
        "Pow": "**",
        "Lambda": "lambda",
        "JoinedStr": "an f-string",
        "Dict": "a dictionary",
        "Set": "a set",
        "Tuple": "a tuple",
        "NamedExpr": ":=",
        "DictComp": "a dictionary comprehension",
        "SetComp": "a set comprehension",
        "GeneratorExp": "a generator (write a list: [… for … in …])",
        "Await": "await",
        "Starred": "*",
        "LShift": "<<",
        "RShift": ">>",
        "BitOr": "|",
        "BitAnd": "&",
        "BitXor": "^",
        "MatMult": "@",
    }
    return words.get(type(node).__name__, type(node).__name__)
