"""The wheel as a release would have it: built from what git tracks, without network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests._kit.tree import files, relative


def build(folder: Path) -> Path:
    """Build the wheel under this folder; its path."""
    for path in files(tracked_only=True):
        place = folder / "source" / relative(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    subprocess.run(command, cwd=folder / "source", check=True, capture_output=True, env={**os.environ, "PYTHONPATH": ""})
    (built,) = (folder / "dist").glob("*.whl")
    return built
