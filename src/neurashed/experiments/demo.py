"""The demo: what a ReLU network and a linear one learn together when they tell odd from even.

Both networks see scikit-learn's digits and are taught one bit, whether a digit is odd. Neither is
told which digit it sees, so if a network moves digits of a kind together, it found the kind by
itself. Loss, data, width and learning rate are the same for both.

The learning rate was chosen by training alone. Of 0.03, 0.1 and 0.3, the loss of the ReLU network
falls with the rate, and 0.1 is the largest for which ``lr·λ_max`` stays below 2 in both networks.

References:
    The Local Elasticity of Neural Networks (Hangfeng He and Weijie J. Su, 2020),
    https://arxiv.org/abs/1910.06943
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import xarray as xr
from torch import nn

from neurashed.data import Examples, first_per_class, load_digits
from neurashed.elasticity import MeasurementOptions, measure_elasticity
from neurashed.models import two_layer_linear, two_layer_relu
from neurashed.results import RunFolder
from neurashed.seeding import derive_seed
from neurashed.task import Task
from neurashed.training import State, save_weights, train

__all__ = ["NETWORKS", "TRAINING_FILE", "DemoSettings", "name_result", "run_demo"]

# The ReLU network comes first: its trained state is the main result.
NETWORKS: dict[str, Callable[..., nn.Module]] = {"ReLU": two_layer_relu, "linear": two_layer_linear}
TRAINING_FILE = "training.json"
_NUM_REPORTS = 20


@dataclass(frozen=True)
class DemoSettings:
    """Everything the demo depends on.

    Attributes:
        width: Hidden units of both networks.
        lr: Learning rate of training and of the measured step.
        num_epochs: Passes over the 1,797 digits.
        batch_size: Examples in a training step.
        per_digit: How many of each digit are measured, the first in file order.
        seed: Where initial weights and the order of the data come from.
    """

    width: int = 512
    lr: float = 0.1
    num_epochs: int = 100
    batch_size: int = 50
    per_digit: int = 50
    seed: int = 0


def name_result(moment: str, network: str) -> str:
    """Return the name of a result, such as ``trained_ReLU_network``; reports show it in words.

    Args:
        moment: ``"initial"`` or ``"trained"``.
        network: One of `NETWORKS`.

    Returns:
        The name.
    """
    return f"{moment}_{network}_network"


def run_demo(
    settings: DemoSettings,
    path: Path,
    *,
    overwrite: bool = False,
    progress: Callable[..., Any] | None = None,
) -> RunFolder:
    """Train both networks and measure them before and after, into a run folder.

    Args:
        settings: Sizes, rates and the seed.
        path: The run folder, new or empty.
        overwrite: Whether to replace a run that is there.
        progress: Shows how far the work has come.

    Returns:
        The finished run folder, with a result for each network and moment (`name_result`; the
        trained ReLU network is the main one), weights of the same names under ``weights/`` and
        the states of training in ``training.json``.
    """
    digits = _odd_or_even(load_digits(layout="flat"))
    measured = digits.select(first_per_class(digits.labels, settings.per_digit))
    run = RunFolder.create(
        path,
        settings={"command": "demo", **asdict(settings)},
        seeds={"seed": settings.seed},
        data={"training": digits.checksum(), "sources": measured.checksum()},
        overwrite=overwrite,
    )
    states: dict[str, list[State]] = {}
    for name, build in NETWORKS.items():
        generator = torch.Generator().manual_seed(derive_seed(settings.seed, "weights"))
        model = build(64, width=settings.width, generator=generator)
        task = Task(model, loss="bce", readout="logits", lr=settings.lr)
        before, after = name_result("initial", name), name_result("trained", name)
        save_weights(model, run.path / "weights" / f"{before}.safetensors")
        initial = _measure(task, measured, settings, progress)
        with _one_thread():
            states[name] = _train(task, digits, settings, f"Training, {name}", progress)
        save_weights(model, run.path / "weights" / f"{after}.safetensors")
        run.add_result(after, _measure(task, measured, settings, progress))
        run.add_result(before, initial)
    _write_states(run.path / TRAINING_FILE, states)
    run.finish()
    return run


def _odd_or_even(digits: Examples) -> Examples:
    return digits.with_targets((digits.require_targets("the demo") % 2).float())


def _measure(
    task: Task, measured: Examples, settings: DemoSettings, progress: Callable[..., Any] | None
) -> xr.DataArray:
    # In float64: a fitted digit has so small a gradient that its step is lost in float32.
    options = MeasurementOptions(dtype=torch.float64, seed=settings.seed, progress=progress)
    return measure_elasticity(task, measured, measure="relative", step="exact", options=options)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Steps this small lose more to threads that wait for each other than they gain by them."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(num_threads)


def _train(
    task: Task,
    digits: Examples,
    settings: DemoSettings,
    description: str,
    progress: Callable[..., Any] | None,
) -> list[State]:
    steps_per_epoch = -(-len(digits) // settings.batch_size)
    report_every = max(1, settings.num_epochs * steps_per_epoch // _NUM_REPORTS)
    states = train(
        task,
        digits,
        num_epochs=settings.num_epochs,
        batch_size=settings.batch_size,
        seed=settings.seed,
        report_every=report_every,
    )
    if progress is None:
        return list(states)
    kept = [next(states)]
    for _ in progress(list(range(_NUM_REPORTS)), description=description):
        kept += [state for state in [next(states, None)] if state]
    return kept + list(states)


def _write_states(path: Path, states: dict[str, list[State]]) -> None:
    content = {name: [asdict(state) for state in each] for name, each in states.items()}
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
