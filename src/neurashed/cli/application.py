"""The ``neurashed`` command: a group whose commands are loaded when they are named."""

import importlib
import os
import warnings
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import neurashed
from neurashed.cli.console import complain, show_warning
from neurashed.errors import NeurashedError

__all__ = ["SUMMARIES", "app"]

SUMMARIES = {
    "demo": "Train two small networks on digits and show what each learns together.",
    "measure": "Measure the elasticity of your own network on your own data.",
    "info": "Say what a run holds: settings, coverage, strength, classes, warnings.",
    "report": "Write the HTML report of a run.",
    "replay": "Repeat a run and say whether its numbers are the same.",
}


class CommandGroup(TyperGroup):
    """Commands known by one line each; the module of one is imported when it is named.

    Contexts are of no stated type, because typer carries its own click in some versions.
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401
        """Load the command that is about to run, or say which names are close to it.

        Args:
            ctx: The context of the group.
            args: The command's name and what follows it.

        Returns:
            Name, command and what is left of the arguments.
        """
        name, stand_in, rest = super().resolve_command(ctx, args)
        if name is None:
            return name, stand_in, rest
        module = importlib.import_module(f"neurashed.cli.{name}")
        return name, typer.main.get_command(module.app), rest

    def invoke(self, ctx: Any) -> object:  # noqa: ANN401
        """Run a command; a user's mistake becomes one line and exit code 2.

        Args:
            ctx: The context of the group.

        Returns:
            What the command returns.

        Raises:
            Exit: After a mistake was explained.
            NeurashedError: The mistake itself, for ``--debug``.
        """
        is_debugging = ctx.params.get("debug") or os.environ.get("NEURASHED_DEBUG")
        with warnings.catch_warnings():
            warnings.showwarning = show_warning
            try:
                return super().invoke(ctx)
            except NeurashedError as error:
                if is_debugging:
                    raise
                complain(str(error))
                raise typer.Exit(2) from error


app = typer.Typer(
    cls=CommandGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(is_wanted: bool) -> bool:
    if is_wanted:
        typer.echo(neurashed.__version__)
        raise typer.Exit
    return is_wanted


@app.callback()
def describe_group(
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show where an error was raised (also: NEURASHED_DEBUG=1)."),
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Show which examples a neural network learns together.

    Start with `neurashed demo`, then `neurashed measure --help` for a network of your own.
    """


def _stand_in() -> None:
    """Take a command's place in the list of commands."""


for _name, _summary in SUMMARIES.items():
    app.command(_name, help=_summary)(_stand_in)
