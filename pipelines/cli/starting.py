"""`counterfoil init`: a home folder to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import HERE, Home

_STARTER = Path(__file__).parent / "starter"
_RENAMED = {"gitignore": ".gitignore"}


def init(
    home: Home = HERE,
    sample: Annotated[str | None, typer.Option("--sample", help="Lay out a bundled example instead: sample or online-retail.")] = None,
    input_: Annotated[Path | None, typer.Option("--input", help="The input file of the example online-retail.")] = None,
) -> None:
    """Make a home folder with a commented example of each file; nothing that is there is overwritten."""
    from pipelines.cli.page import Page
    from taps._kit.errors import Misconfigured

    if (home / "counterfoil.yaml").exists():
        raise Misconfigured(f"{home.resolve()} is a home folder already; it was left as it is.")
    page = Page()
    if sample is not None:
        from pipelines.sandbox.demo import lay_out

        lay_out(sample, home, input_)
        page.say(f"The example {sample} is in {home.resolve()}.")
        page.say(f"Next: counterfoil run --home {home}")
        return
    made = _lay_out(home)
    page.say(f"A home folder was made in {home.resolve()}:")
    for file in made:
        page.say(f"  {file}")
    page.title("Next")
    page.item("Put your export into files/, and write its path and its columns into connections/shop.yaml and mappings/shop/sales.yaml.")
    page.item(f"counterfoil check --home {home}", "shows every mistake at once")
    page.item(f"counterfoil preview shop sales --home {home}", "shows what would be sent, and writes nothing")
    page.item(f"counterfoil run --home {home}", "plans; it sends once the route's mode is auto")


def _lay_out(home: Path) -> list[Path]:
    """Copy the starter; where any of its files is there already, nothing is written."""
    from taps._kit.errors import Misconfigured

    files = {
        file: file.relative_to(_STARTER).with_name(_RENAMED.get(file.name, file.name))
        for file in sorted(_STARTER.rglob("*"))
        if file.is_file() and file.suffix != ".pyc"
    }
    there = [str(place) for place in files.values() if (home / place).exists()]
    if there:
        raise Misconfigured(f"{home.resolve()} has files of these names already, so nothing was written: {', '.join(there)}.")
    for file, place in files.items():
        (home / place).parent.mkdir(parents=True, exist_ok=True)
        (home / place).write_bytes(file.read_bytes())
    return sorted(files.values())
