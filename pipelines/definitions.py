"""What Dagster loads: the components of the home folder named by $COUNTERFOIL_HOME; nothing where none is named."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from pipelines.components import components
from pipelines.home.load import load


@dg.definitions
def defs() -> dg.Definitions:
    """Every connection and route of the home, run in one process: a step costs 50 ms there and seconds in one of its own."""
    home = os.environ.get("COUNTERFOIL_HOME")
    if not home:
        return dg.Definitions()
    parts = [component.build_defs() for component in components(load(Path(home)))]
    return dg.Definitions.merge(*parts, dg.Definitions(executor=dg.in_process_executor))
