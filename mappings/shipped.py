"""Finding mappings by name and version: those that come with the package, overlaid by those of a home folder.

The mapping `shop/order` is the file `shop/order.yaml`; an older version may stay beside it as `shop/order@1.yaml`.
"""

from __future__ import annotations

import re
from pathlib import Path

from mappings.language import Mapping, MappingError, compile_mapping
from mappings.nearest import did_you_mean, instead

PACKAGED = Path(__file__).parent
_WANTED = re.compile(r"([a-z0-9_]+(?:/[a-z0-9_]+)*)(?:@([0-9]{1,6}))?")
_IS_MAPPING = re.compile(rb"^mapping:", re.MULTILINE)


def find(wanted: str, *, home: Path | None = None) -> Mapping:
    """The mapping `name`, in its highest version, or `name@version`. A home's own wins over a shipped one of the same version.

    A MappingError says that there is none, or what is wrong with a file that has the name.
    """
    match = _WANTED.fullmatch(wanted)
    if match is None:
        raise MappingError(f"{wanted!r} is not the name of a mapping: it is written source/stream or source/stream@version.")
    name, version = match[1], int(match[2]) if match[2] else None
    found: dict[int, Mapping] = {}
    for folder, where in _folders(home):
        for path in _files(folder, name):
            place = f"{where}{path.relative_to(folder).as_posix()}"
            mapping = compile_mapping(_text(path, place), where=place)
            if mapping.name != name:
                raise MappingError(f"{place} calls itself {mapping.name}; it must be {name}, as its file.")
            found[mapping.version] = mapping
    if found and version is None:
        return found[max(found)]
    if version not in found:
        raise MappingError(f"There is no mapping {wanted}; {_instead(name, sorted(found), names(home))}")
    return found[version]


def _instead(name: str, versions: list[int], known: list[str]) -> str:
    """What there is: other versions, a name like it, or else those of the same source, or all."""
    if versions:
        return f"there is version {', '.join(map(str, versions))}."
    siblings = [each for each in known if each.partition("/")[0] == name.partition("/")[0]]
    return did_you_mean(name, known) or instead(name, siblings or known)


def _text(path: Path, place: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        why = "is not written in UTF-8" if isinstance(error, UnicodeError) else f"cannot be read ({error.strerror})"
        raise MappingError(f"{place} {why}.") from None


def names(home: Path | None = None) -> list[str]:
    """The names of all mappings, shipped and the home's own."""
    found = {
        path.relative_to(folder).with_suffix("").as_posix().partition("@")[0]
        for folder, _ in _folders(home)
        for path in folder.rglob("*.yaml")
        if _IS_MAPPING.search(path.read_bytes())  # posting rules and target payloads are YAML too
    }
    return sorted(found)


def _folders(home: Path | None) -> list[tuple[Path, str]]:
    """Where to look, later ones winning, and what to call the place in a sentence."""
    folders = [(PACKAGED, "mappings/")]
    if home is not None and (home / "mappings").is_dir():
        folders.append((home / "mappings", f"{home / 'mappings'}/"))
    return folders


def _files(folder: Path, name: str) -> list[Path]:
    single = folder / f"{name}.yaml"
    return sorted((folder / name).parent.glob(f"{single.stem}@*.yaml")) + ([single] if single.is_file() else [])
