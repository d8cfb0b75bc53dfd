"""The console script `konik`.

Commands that belong to other rooms come from the entry-point group `konik.commands` and are imported when they are
used: `konik status` must work, and start fast, where no server is installed. This module imports none of them.
"""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points, version
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command as command_of

from konik.sdk.cli.backup import backup
from konik.sdk.cli.leader import app as leader
from konik.sdk.cli.member import app as member
from konik.sdk.cli.status import status

GROUP = "konik.commands"


class Commands(TyperGroup):
    """The commands of this room, then those that are found in the entry-point group."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *sorted(found.name for found in entry_points(group=GROUP))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        found = entry_points(group=GROUP, name=cmd_name)
        return _load(next(iter(found))) if found else None


def _load(found: EntryPoint) -> Any:
    """The command behind an entry point: a Typer application, or a function to be made one."""
    try:
        target: typer.Typer | Callable[..., Any] = found.load()
    except ImportError as missing:
        target = _unavailable(found.name, missing)
    if not isinstance(target, typer.Typer):
        single = typer.Typer(add_completion=False)
        single.command(found.name)(target)
        target = single
    command = command_of(target)
    command.name = found.name
    return command


def _unavailable(name: str, missing: ImportError) -> typer.Typer:
    """Stands in for a command whose room is not installed, and says so whatever it is called with."""
    stand_in = typer.Typer(add_completion=False)

    @stand_in.command(
        name,
        help=f"Not usable here: {missing}.",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def explain() -> None:
        typer.echo(f"konik {name} cannot run here: {missing}. Install it again: pip install konik", err=True)
        raise typer.Exit(1)

    return stand_in


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    help="Konik, a workflow orchestrator for LittleHorse clients.\n\n"
    "Begin with `konik dev --nodes 3`, which runs a cluster on this machine, and look at it with `konik status`.",
)
app.command()(status)
app.command()(backup)
app.add_typer(leader, name="leader")
app.add_typer(member, name="member")


@app.command("version")
def show_version() -> None:
    """Print the version of Konik that is installed here."""
    typer.echo(version("konik"))


def main() -> None:
    app()
