"""Groups whose commands are known by one line each and loaded when they are named."""

import importlib
from collections.abc import Mapping
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup

__all__ = ["LazyGroup", "list_commands"]


class LazyGroup(TyperGroup):
    """A group that imports the module of a command when the command is named.

    A group says in `package` where its commands are: each has a module of its name there (with
    ``_`` for ``-``) that holds an ``app``. Contexts are of no stated type, because typer carries
    its own click in some versions.
    """

    package: ClassVar[str]

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
        module = importlib.import_module(f"{self.package}.{name.replace('-', '_')}")
        return name, typer.main.get_command(module.app), rest


def list_commands(app: typer.Typer, summaries: Mapping[str, str]) -> None:
    """Give a group its list of commands without loading any of them.

    Args:
        app: The group.
        summaries: One line for each command, by name.
    """
    for name, summary in summaries.items():
        app.command(name, help=summary)(_stand_in)


def _stand_in() -> None:
    """Take a command's place in the list of commands."""
