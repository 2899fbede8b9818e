"""The options of ``neurashed cluster``, each with what its help says."""

from pathlib import Path
from typing import Annotated, get_args

import typer

from neurashed import clustering, subclasses, typing
from neurashed.experiments import ClusterSettings

__all__ = [
    "ALL_BASELINES",
    "DEFAULT",
    "NO_BASELINES",
    "AsJson",
    "Auxiliary",
    "AuxiliaryTotal",
    "Baselines",
    "BatchSize",
    "Coarse",
    "Data",
    "Epochs",
    "Evidence",
    "Landmarks",
    "Looks",
    "Loss",
    "Lr",
    "Measure",
    "Method",
    "Model",
    "Networks",
    "Normalize",
    "NumClusters",
    "NumNeighbors",
    "Out",
    "Overwrite",
    "PerClass",
    "Protocol",
    "Repeats",
    "Run",
    "Seed",
    "Undefined",
    "Weights",
]

DEFAULT = ClusterSettings(data="", coarse=())
NO_BASELINES = "none"
ALL_BASELINES = ",".join(subclasses.BASELINES)
WHAT, TRAINING, HOW, WHERE = (
    "Which examples",
    "What learns the coarse label",
    "How clusters are found",
    "What becomes of it",
)

Run = Annotated[
    Path | None,
    typer.Argument(
        metavar="[RUN]",
        help="Folder of a run, whose main result is clustered as it is; without one, networks are "
        "trained on --data.",
        show_default=False,
    ),
]
Data = Annotated[
    str | None,
    typer.Option(
        metavar="SPEC",
        rich_help_panel=WHAT,
        help="The examples: digits, mnist:FOLDER, cifar10:FOLDER, FILE.npz or "
        "package.module:function, as in digits?first=500.",
        show_default=False,
    ),
]
Coarse = Annotated[
    list[str] | None,
    typer.Option(
        metavar="LABELS",
        rich_help_panel=WHAT,
        help="The primary classes, behind which subclasses hide: one coarse label, or several "
        "to be merged into one, as in 3,5; may be repeated.",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        rich_help_panel=WHERE,
        help="Folder of the run; a killed run goes on after its last whole network.",
        show_default=False,
    ),
]
Auxiliary = Annotated[
    list[str] | None,
    typer.Option(
        metavar="LABELS",
        rich_help_panel=WHAT,
        help="The classes that the network learns to tell them from.",
        show_default="all others",
    ),
]
PerClass = Annotated[
    int | None,
    typer.Option(
        metavar="NUMBER",
        rich_help_panel=WHAT,
        help="The first so many of each primary class.",
        show_default="all",
    ),
]
AuxiliaryTotal = Annotated[
    int | None,
    typer.Option(
        metavar="NUMBER",
        rich_help_panel=WHAT,
        help="The first so many auxiliary examples.",
        show_default="all",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="SPEC",
        rich_help_panel=TRAINING,
        help="package.module:function, which returns a network with one output, or a built-in "
        "name; either with arguments, as in two_layer_relu?num_inputs=64.",
        show_default="chosen by the shape of the inputs",
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        rich_help_panel=TRAINING,
        help="Weights of the network; with them it is not trained.",
        show_default="trained here",
    ),
]
Loss = Annotated[str, typer.Option(metavar="NAME", rich_help_panel=TRAINING, help="bce or mse.")]
Lr = Annotated[
    float | None,
    typer.Option(
        metavar="RATE",
        rich_help_panel=TRAINING,
        help="Learning rate.",
    ),
]
Epochs = Annotated[
    int,
    typer.Option(metavar="NUMBER", rich_help_panel=TRAINING, help="Passes over all examples."),
]
BatchSize = Annotated[
    int, typer.Option(metavar="NUMBER", rich_help_panel=TRAINING, help="Examples in a step.")
]
Looks = Annotated[
    list[float] | None,
    typer.Option(
        metavar="SHARE",
        rich_help_panel=TRAINING,
        help="When a similarity is taken, from 0, before training, to 1, after it; may be "
        "repeated, and the similarities are averaged.",
        show_default="1.0",
    ),
]
Networks = Annotated[
    int,
    typer.Option(
        metavar="NUMBER",
        rich_help_panel=TRAINING,
        help="How many networks are trained; their similarities are averaged.",
    ),
]
Protocol = Annotated[
    subclasses.Protocol,
    typer.Option(
        metavar="trained|while_training",
        rich_help_panel=HOW,
        help="All rows from the trained weights, or each from the step of a walk.",
    ),
]
Measure = Annotated[
    typing.Measure,
    typer.Option(
        metavar="NAME",
        rich_help_panel=HOW,
        help=f"What is made of the responses: {', '.join(get_args(typing.Measure))}.",
    ),
]
NumClusters = Annotated[
    int | None,
    typer.Option(
        metavar="NUMBER",
        rich_help_panel=HOW,
        help="How many clusters.",
        show_default="chosen by evidence",
    ),
]
Method = Annotated[
    clustering.ResultMethod | None,
    typer.Option(
        metavar="NAME",
        rich_help_panel=HOW,
        help=f"{', '.join(get_args(clustering.Method))}; of a run also nystrom or top_k_graph.",
        show_default=f"{DEFAULT.method}; of a run by its size",
    ),
]
Landmarks = Annotated[
    int | None,
    typer.Option(
        metavar="NUMBER",
        rich_help_panel=HOW,
        min=2,
        help="Landmarks of nystrom, at most.",
        show_default="500",
    ),
]
Normalize = Annotated[
    clustering.Normalize | None,
    typer.Option(
        metavar="NAME",
        rich_help_panel=HOW,
        help=f"{', '.join(get_args(clustering.Normalize))}.",
        show_default=f"{DEFAULT.normalize}; of a run cosine",
    ),
]
NumNeighbors = Annotated[
    int | None,
    typer.Option(
        metavar="NUMBER",
        rich_help_panel=HOW,
        help="Neighbors of each example where a graph is used.",
        show_default="log₂ of the number of examples",
    ),
]
Evidence = Annotated[
    clustering.Evidence,
    typer.Option(
        metavar="NAME",
        rich_help_panel=HOW,
        help="What chooses the number of clusters: eigengap or silhouette.",
    ),
]
Undefined = Annotated[
    clustering.Undefined,
    typer.Option(
        metavar="refuse|drop",
        rich_help_panel=HOW,
        help="What becomes of examples without a defined similarity.",
    ),
]
Repeats = Annotated[
    int,
    typer.Option(
        metavar="NUMBER",
        rich_help_panel=HOW,
        help="How often all is done again from another seed, for intervals.",
    ),
]
Baselines = Annotated[
    str,
    typer.Option(
        metavar="NAMES",
        rich_help_panel=HOW,
        help=f"What it is held against, with commas between, or {NO_BASELINES}.",
    ),
]
Seed = Annotated[
    int, typer.Option(metavar="NUMBER", rich_help_panel=HOW, help="Seed of everything.")
]
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite", rich_help_panel=WHERE, help="Replace a run that is there."),
]
AsJson = Annotated[
    bool, typer.Option("--json", rich_help_panel=WHERE, help="Print the answer as JSON.")
]
