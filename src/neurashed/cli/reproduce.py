"""``neurashed reproduce``: a group of papers, each a group of its parts.

A part has one line here and a module under the package of its paper.
"""

import typer

from neurashed.cli.application import SUMMARIES
from neurashed.cli.lazy import LazyGroup, list_commands

__all__ = ["HE_SU_2020", "app"]

HE_SU_2020 = {
    "manifolds": "Elasticity over the true distance on six pairs of toy manifolds.",
    "tables": "Two classes behind one label, for six pairs of digits and six of photographs.",
    "pretrained": "A step on an image of each class, in a VGG-19 with weights of your own.",
    "corrupted-labels": "Wrong labels found as the examples that move with the wrong class.",
    "text": "Hidden intents in the requests of CLINC150, beside k-means on their words.",
}


class HeSu2020Group(LazyGroup):
    """The parts of He and Su's paper."""

    package = "neurashed.cli.he_su_2020"


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help=SUMMARIES["reproduce"],
    epilog="Example: neurashed reproduce he-su-2020 --help",
)
_he_su_2020 = typer.Typer(
    cls=HeSu2020Group,
    no_args_is_help=True,
    epilog="Example: neurashed reproduce he-su-2020 pretrained --help",
)
app.add_typer(_he_su_2020, name="he-su-2020")


@app.callback()
def describe_papers() -> None:
    """Stand for the group: with it, a single paper is still a command of its own."""


@_he_su_2020.callback()
def describe_he_su_2020() -> None:
    """The Local Elasticity of Neural Networks (Hangfeng He and Weijie J. Su, 2020)."""


list_commands(_he_su_2020, HE_SU_2020)
