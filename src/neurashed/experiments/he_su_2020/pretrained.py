"""A step on an image of each class in a trained network, and what it does to the other images.

The paper shows histograms for a VGG-19 that was trained on ImageNet and updated with a brown bear,
a leopard and a tiger: a step on a leopard moves other leopards most, tigers less and bears least.

The work is done in double precision. A trained network fits its images, so the steps on them are
small, and responses to small steps are lost in the rounding of single precision.

References:
    The Local Elasticity of Neural Networks (Hangfeng He and Weijie J. Su, 2020),
    https://arxiv.org/abs/1910.06943
"""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from matplotlib.figure import Figure

from neurashed.data import Examples, Subset, load_image_folder
from neurashed.elasticity import (
    MeasurementOptions,
    MeasurementPlan,
    measure_elasticity,
    plan_measurement,
)
from neurashed.errors import InputError
from neurashed.experiments.he_su_2020.class_numbers import find_class_numbers
from neurashed.experiments.he_su_2020.class_ratios import find_class_ratios, write_class_ratios
from neurashed.experiments.networks import checksum_weights, load_network
from neurashed.plots import plot_class_histograms
from neurashed.results import RunFolder
from neurashed.seeding import numpy_generator
from neurashed.task import SGD, Task
from neurashed.typing import Step

__all__ = [
    "HISTOGRAMS_FILE",
    "RATIOS_FILE",
    "PretrainedSettings",
    "plan_pretrained",
    "run_pretrained",
]

HISTOGRAMS_FILE = "histograms.png"
RATIOS_FILE = "class_ratios.csv"
_RESULT = "relative"
_MOST_PANELS = 12


@dataclass(frozen=True)
class PretrainedSettings:
    """Everything the experiment depends on.

    Attributes:
        weights: A file of weights under the network's own parameter names.
        images: A folder with a subfolder of images for each class.
        model: The network, as `load_network` reads it.
        class_names: A file with the name of each output, see `find_class_numbers`.
        parameters: Shell patterns of the parameters that the step changes.
        readout: Name of the readout whose change is measured.
        lr: Learning rate of the step.
        step: Whether the step is really taken or its derivative is.
        per_class: Images of each class, the first by name; all if None.
        sources_per_class: On how many of them a step is taken.
        size: Rows and columns of an input.
        memory: How much memory the work may take; a quarter of what is free if None.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        dtype: Precision of the work, ``"float64"`` or ``"float32"``.
        seed: Which images of a class are the sources.
        folder: Where relative paths are looked for.
    """

    weights: str
    images: str
    model: str = "vgg19"
    class_names: str | None = None
    parameters: tuple[str, ...] = ("*",)
    readout: str = "logits"
    lr: float = 1e-3
    step: Step = "exact"
    per_class: int | None = None
    sources_per_class: int = 1
    size: int = 224
    memory: str | None = None
    device: str = "auto"
    dtype: str = "float64"
    seed: int = 0
    folder: str = field(default_factory=os.getcwd)


@dataclass(frozen=True)
class _Work:
    """What settings name, loaded."""

    task: Task
    sources: Examples
    probes: Examples

    def checksums(self) -> dict[str, str]:
        examples = {"sources": self.sources, "probes": self.probes}
        named = {name: each.checksum() for name, each in examples.items()}
        return {"weights": checksum_weights(self.task.model), **named}


def plan_pretrained(settings: PretrainedSettings) -> MeasurementPlan:
    """Return how the responses would be computed and what they would cost.

    Args:
        settings: The experiment.

    Returns:
        The plan.
    """
    work = _load(settings)
    return plan_measurement(
        work.task, work.sources, work.probes, **_choices(settings), options=_options(settings)
    )


def run_pretrained(
    settings: PretrainedSettings,
    path: Path,
    *,
    overwrite: bool = False,
    progress: Callable[..., Any] | None = None,
) -> RunFolder:
    """Take the steps, and keep responses, histograms and ratios in a run folder.

    Args:
        settings: The experiment.
        path: The run folder, new or empty; a run of the same settings that was killed is resumed.
        overwrite: Whether to replace a run that is there.
        progress: Shows how far the work has come.

    Returns:
        The finished run folder. Its result has a source or more of each class and all images as
        probes; ``histograms.png`` has a panel for each class, ``class_ratios.csv`` the ratio of
        each pair of classes by median and by mean.
    """
    work = _load(settings)
    run = RunFolder.create(
        path,
        settings={"command": "reproduce he-su-2020 pretrained", **asdict(settings)},
        seeds={"seed": settings.seed},
        data=work.checksums(),
        overwrite=overwrite,
    )
    if _RESULT not in run.finished:
        options = _options(settings, progress)
        result = measure_elasticity(
            work.task, work.sources, work.probes, **_choices(settings), options=options
        )
        run.add_result(_RESULT, result)
    result = run.main.load()
    _draw_histograms(result, run.path / HISTOGRAMS_FILE)
    ratios = [
        find_class_ratios(result, statistic="median", seed=settings.seed),
        find_class_ratios(result, statistic="mean", seed=settings.seed),
    ]
    write_class_ratios(ratios[0] + ratios[1], run.path / RATIOS_FILE)
    run.finish()
    return run


def _load(settings: PretrainedSettings) -> _Work:
    folder = Path(settings.folder)
    # The images first: they are quick to look through, and a network of this size is not.
    images = load_image_folder(
        folder / settings.images, subset=Subset(per_class=settings.per_class), size=settings.size
    )
    sources = _choose_sources(images, settings)
    model = load_network(settings.model, weights=folder / settings.weights)
    names = None if settings.class_names is None else folder / settings.class_names
    probes = _with_class_numbers(images, model, names)
    task = Task(
        model,
        loss="cross_entropy",
        readout=settings.readout,
        update=SGD(settings.lr, settings.parameters),
    )
    return _Work(task, probes.select(sources), probes)


def _choose_sources(images: Examples, settings: PretrainedSettings) -> np.ndarray:
    """Draw sources of each class, and see that others are left to watch."""
    generator = numpy_generator(settings.seed, "sources")
    chosen: list[np.ndarray] = []
    labels = np.asarray(images.labels)
    for name in np.unique(labels).tolist():
        members = np.flatnonzero(labels == name)
        if not 1 <= settings.sources_per_class < len(members):
            message = (
                f"class {name!r} has {len(members)} images, of which {settings.sources_per_class} "
                "should be stepped on; step on at least 1 and leave at least 1 to watch"
            )
            raise InputError(message)
        chosen.append(generator.choice(members, settings.sources_per_class, replace=False))
    return np.sort(np.concatenate(chosen))


def _with_class_numbers(images: Examples, model: torch.nn.Module, names: Path | None) -> Examples:
    """The images with the numbers that the network gives their classes."""
    with torch.no_grad():
        output = model(images.select([0]).inputs)
    folders = np.unique(np.asarray(images.labels)).tolist()
    numbers = find_class_numbers(folders, num_outputs=output.shape[1], names=names)
    return images.with_targets([numbers[name] for name in np.asarray(images.labels).tolist()])


def _choices(settings: PretrainedSettings) -> dict[str, Any]:
    chosen = {name: getattr(settings, name) for name in ("step", "memory", "device")}
    return {"measure": _RESULT, **chosen}


def _options(
    settings: PretrainedSettings, progress: Callable[..., Any] | None = None
) -> MeasurementOptions:
    return MeasurementOptions(dtype=settings.dtype, seed=settings.seed, progress=progress)


def _draw_histograms(result: xr.DataArray, path: Path) -> None:
    """Draw a panel for each updated class, as many as a page holds."""
    classes = np.unique(result["source_label"].values).tolist()[:_MOST_PANELS]
    num_columns = min(3, len(classes))
    num_rows = -(-len(classes) // num_columns)
    figure = Figure(figsize=(4.6 * num_columns, 3.4 * num_rows), layout="constrained")
    panels = figure.subplots(num_rows, num_columns, squeeze=False, sharex=True).flat
    for name, panel in zip(classes, panels, strict=False):
        plot_class_histograms(result, name, ax=panel)
    for panel in panels[len(classes) :]:
        panel.axis("off")
    figure.savefig(path, dpi=150)
