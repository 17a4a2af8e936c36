"""What the generator writes with: blocks of code, the places where they stand, and the sites that a failure names."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from mappings.expression import Scope


@dataclass
class Site:
    """One place of a mapping where something is worked out, for the sentence if that fails."""

    path: str
    """Dotted path in the document, with {} for each place in a list; for a `let` or a head field its name."""
    line: int
    entry: int
    """Which entry of `documents`; -1 for none."""
    words: tuple[str, ...] = ()
    """What the elements of the lists around it are called: `row`, or the field's name."""
    reads: tuple[str, ...] = ()
    """Fields of the element that the expression reads."""
    follows: bool = False
    """Whether it reads fields of the document itself, so that a failure may only follow from another one."""
    quotable: bool = False
    """Whether the value may be repeated: it goes into a field that the model does not mark as personal."""
    users: list[Site] = field(default_factory=list)
    """For a `let`: the sites that use it."""

    def may_quote(self) -> bool:
        """Whether the value goes only where nothing is personal; for a `let` that is asked of all who use it, however far off."""
        known, todo = {id(self)}, [self]
        while todo:
            site = todo.pop()
            if not site.users and not site.quotable:
                return False
            todo += [user for user in site.users if id(user) not in known]
            known.update(map(id, site.users))
        return True


@dataclass
class Block:
    """Lines of code at one indent."""

    indent: int
    lines: list[str | Block] = field(default_factory=list)

    def add(self, line: str) -> None:
        """Append a line."""
        self.lines.append("    " * self.indent + line)

    def inner(self, deeper: int = 1) -> Block:
        """Append a block, which may be filled later."""
        block = Block(self.indent + deeper)
        self.lines.append(block)
        return block

    def __str__(self) -> str:
        return "".join(str(line) if isinstance(line, Block) else line + "\n" for line in self.lines)


@dataclass(frozen=True)
class Place:
    """Where code is being written, and what a failure there says about itself."""

    scope: Scope
    block: Block
    reads: Block
    """Where the fields of this scope are read: before everything else of it."""
    lets: Block
    """Where its `let` values are worked out: after that."""
    entry: int = -1
    path: str = ""
    indexes: tuple[str, ...] = ()
    """The variables that count the elements of the lists around it."""
    words: tuple[str, ...] = ()

    def at(self, block: Block | None = None, *, path: str | None = None) -> Place:
        """The same scope, elsewhere."""
        return replace(self, block=block or self.block, path=self.path if path is None else path)

    @property
    def here(self) -> str:
        """Code: the element and its positions, as a report takes them."""
        return f"{self.scope.element}, ({''.join(index + ', ' for index in self.indexes)})"
