"""What the outside can see, as text files in git (most under tests/surface/): a reviewer of a change sees every outward change.

`COUNTERFOIL_SNAPSHOT_UPDATE=1` writes the files again; without it a difference is a failure that shows the lines.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

SURFACE = Path(__file__).parents[1] / "surface"


def check(path: Path, text: str) -> None:
    """Compare with the file; raises AssertionError with the differing lines."""
    text = text.rstrip("\n") + "\n"
    if os.environ.get("COUNTERFOIL_SNAPSHOT_UPDATE") == "1":
        path.write_text(text, encoding="utf-8")
        return
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    if kept == text:
        return
    lines = difflib.unified_diff(kept.splitlines(), text.splitlines(), f"{path.name} as kept", "as it is now", lineterm="", n=1)
    raise AssertionError("the surface changed; if that is meant, COUNTERFOIL_SNAPSHOT_UPDATE=1 writes it again\n" + "\n".join(lines))
