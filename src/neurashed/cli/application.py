"""The ``neurashed`` command: a group whose commands are loaded when they are named."""

import os
import warnings
from typing import Annotated, Any

import typer

import neurashed
from neurashed.cli.console import complain, show_warning
from neurashed.cli.lazy import LazyGroup, list_commands
from neurashed.errors import NeurashedError

__all__ = ["SUMMARIES", "app"]

SUMMARIES = {
    "demo": "Train two small networks on digits and show what each learns together.",
    "measure": "Measure the elasticity of your own network on your own data.",
    "cluster": "Find the subclasses that hide behind a coarse label, or cluster a run.",
    "info": "Say what a run holds: settings, coverage, strength, classes, warnings.",
    "report": "Write the HTML report of a run.",
    "reproduce": "Repeat the experiments of a paper, ours beside the published numbers.",
    "replay": "Repeat a run and say whether its numbers are the same.",
}


class CommandGroup(LazyGroup):
    """The commands of ``neurashed``, and what becomes of their mistakes."""

    package = "neurashed.cli"

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


list_commands(app, SUMMARIES)
