"""Options that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path, typer.Option("--home", envvar="COUNTERFOIL_HOME", help="The home folder with your configuration.", show_default=False)
]
"""Every command that needs a home folder takes it from here, from the environment, or from where it stands."""
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many rows to show at most.")]
As = Annotated[
    str | None,
    typer.Option("--as", envvar="COUNTERFOIL_USER", help="Who you are, by the name in counterfoil.yaml.", show_default=False),
]
CompanyName = Annotated[str | None, typer.Option("--company", help="The company, where there are several.", show_default=False)]
Key = Annotated[str, typer.Argument(help="Key of a break, or its beginning; or a document's number.")]

HERE = Path()
