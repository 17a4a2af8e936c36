"""The files of the checkout, as git sees them: tracked, and new ones that are not ignored."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("mappings", "taps", "targets", "pipelines")


@cache
def files(*, tracked_only: bool = False) -> tuple[Path, ...]:
    """Every file, in order. `tracked_only`: what a clone of this commit would get."""
    which = ["--cached"] if tracked_only else ["--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(["git", "ls-files", "-z", *which], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return tuple(sorted(path for name in listed.split("\0") if name and (path := ROOT / name).is_file()))


def relative(path: Path) -> str:
    """The path as people write it."""
    return path.relative_to(ROOT).as_posix()


def modules(*folders: str) -> list[Path]:
    """The Python modules under these folders (all four packages where none is named)."""
    wanted = tuple(f"{folder}/" for folder in folders or PACKAGES)
    return [path for path in files() if path.suffix == ".py" and relative(path).startswith(wanted)]


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
