"""``neurashed reproduce``: a group of papers, each a group of its parts.

A part has one line here and a module under the package of its paper.
"""

from typing import Any

import typer

from neurashed.cli.application import SUMMARIES
from neurashed.cli.lazy import LazyGroup, list_commands

__all__ = ["HE_SU_2020", "app"]

# What is meant where no part is named.
_ALL = "all"

HE_SU_2020 = {
    _ALL: "All parts into one folder, with a page of every table and figure: the default.",
    "manifolds": "Elasticity over the true distance on six pairs of toy manifolds.",
    "tables": "Two classes behind one label, for six pairs of digits and six of photographs.",
    "pretrained": "A step on an image of each class, in a VGG-19 with weights of your own.",
    "corrupted-labels": "Wrong labels found as the examples that move with the wrong class.",
    "text": "Hidden intents in the requests of CLINC150, beside k-means on their words.",
}


class HeSu2020Group(LazyGroup):
    """The parts of He and Su's paper."""

    package = "neurashed.cli.he_su_2020"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Take options without a part for those of all parts.

        Args:
            ctx: The context of the group.
            args: What follows its name.

        Returns:
            What the group leaves to its command.
        """
        is_for_all = not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names)
        return super().parse_args(ctx, [_ALL, *args] if is_for_all else args)


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help=SUMMARIES["reproduce"],
    epilog="Example: neurashed reproduce he-su-2020 --help",
)
_he_su_2020 = typer.Typer(
    cls=HeSu2020Group,
    epilog="Example: neurashed reproduce he-su-2020 --data data --out runs/he-su-2020",
)
app.add_typer(_he_su_2020, name="he-su-2020")


@app.callback()
def describe_papers() -> None:
    """Stand for the group: with it, a single paper is still a command of its own."""


@_he_su_2020.callback()
def describe_he_su_2020() -> None:
    """The Local Elasticity of Neural Networks (Hangfeng He and Weijie J. Su, 2020)."""


list_commands(_he_su_2020, HE_SU_2020)
