"""The protocol of the paper: one walk through the data, each step filling a row."""

from collections.abc import Callable, Iterator
from typing import Any, final

import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor, nn

from neurashed.data import CoarseTask, Examples
from neurashed.errors import InputError
from neurashed.results import collect_provenance, label_elasticity
from neurashed.seeding import derive_seed
from neurashed.task import Task
from neurashed.typing import Measure

__all__ = ["similarity_while_training"]

# Examples that are watched at a time: memory does not grow with their number.
_CHUNK = 256
_UNITS = {"relative": "1", "kernelized": "readout² / weight²"}


def similarity_while_training(
    task: Task,
    coarse: CoarseTask,
    *,
    measure: Measure = "kernelized",
    seed: int = 0,
    progress: Callable[..., Any] | None = None,
) -> xr.DataArray:
    """Walk once through the data while training, and fill a row at each primary example's step.

    This is Algorithm 1 of the *paper* of He and Su, not what its code does (that is
    `similarity_of_trained`): all examples, primary and auxiliary, come in a random order, each
    once. Each is stepped on by plain SGD from the weights that the one before left, and the
    network is not put back. At step t on primary example s, row s is

    - ``relative``: ``‖f_t(p) − f_{t−1}(p)‖ / ‖f_t(s) − f_{t−1}(s)‖`` over all primary examples p,
    - ``kernelized``: ``(f_t(p) − f_{t−1}(p)) / (−η ∂L/∂f)``, the slope taken at ``w_{t−1}``;

    a step on an auxiliary example only changes the weights. Rows thus belong to different weights,
    early ones to a network that has seen little.

    The network is trained in place, and stays in eval mode, for a batch of one gives batch
    statistics no meaning.

    Args:
        task: The network as the walk begins, its loss, the readout f and the update rule.
        coarse: The examples; their targets are the coarse label.
        measure: ``"relative"`` or ``"kernelized"``.
        seed: Seed of the order.
        progress: Shows how far the walk has come.

    Returns:
        The rows as they were filled, ``(source, probe)``, with ids and provenance; clustering
        symmetrizes them. A row is NaN where the step moved nothing or the slope was zero.

    Raises:
        InputError: If the task has no update rule, the measure is another one, or the network has
            several outputs.

    Example:
        >>> from neurashed.models import MLP
        >>> coarse = CoarseTask(
        ...     Examples(torch.eye(3), ids=["a", "b", "c"]), Examples(-torch.eye(3), ids=[1, 2, 3])
        ... )
        >>> task = Task(MLP(3, [4], generator=torch.Generator()), loss="mse", lr=0.1)
        >>> similarity_while_training(task, coarse, measure="relative").values.diagonal().tolist()
        [1.0, 1.0, 1.0]

    References:
        The Local Elasticity of Neural Networks (Hangfeng He and Weijie J. Su, 2020), Algorithm 1,
        https://arxiv.org/abs/1910.06943
    """
    if measure not in _UNITS:
        message = f"measure is {measure!r}; while training, use one of {', '.join(_UNITS)}"
        raise InputError(message)
    walk = _Walk(task, coarse)
    rows = torch.full_like(walk.watch().expand(len(coarse.primary), -1), torch.nan).contiguous()
    for place, slope, delta in walk.steps(seed, progress):
        own = delta[place].abs() if measure == "relative" else -walk.lr * slope
        if own != 0:
            rows[place] = (delta.abs() if measure == "relative" else delta) / own
    labels = coarse.primary.axis_labels()
    return label_elasticity(
        rows.numpy(force=True),
        sources=labels,
        probes=labels,
        name=measure,
        units=_UNITS[measure],
        provenance=_describe(walk, rows, measure, seed),
    )


@final
class _Walk:
    """One walk: the network, and the readout at all primary examples before the next step."""

    def __init__(self, task: Task, coarse: CoarseTask) -> None:
        if task.update is None:
            message = "the task has no update rule; give it a learning rate: Task(..., lr=0.1)"
            raise InputError(message)
        self.task, self.lr = task, task.update.lr
        self.parameters = list(task.select_parameters().chosen.values())
        self.coarse, self.training = coarse, _like(coarse.training, self.parameters[0])
        self.num_primary = len(coarse.primary)
        task.model.eval()

    def steps(
        self, seed: int, progress: Callable[..., Any] | None
    ) -> Iterator[tuple[int, float, Float[Tensor, " probe"]]]:
        """Take all steps; yield place, slope of the loss and responses of each primary one."""
        generator = torch.Generator().manual_seed(derive_seed(seed, "walk"))
        order = torch.randperm(len(self.training), generator=generator).tolist()
        before: Tensor | None = None
        for place in progress(order, description="Walk") if progress else order:
            if place >= self.num_primary:
                self.step(place)
                before = None
                continue
            before = self.watch() if before is None else before
            slope = self.step(place)
            after = self.watch()
            yield place, slope, after - before
            before = after

    def step(self, place: int) -> float:
        """Step on one example; return the slope of its loss in the readout before the step."""
        one = self.training.select([place])
        targets = one.require_targets("a step")
        with torch.enable_grad():
            output = self.task.predict(one.inputs)
            loss = self.task.losses(output, targets).sum()
            read = self.task.read(output, targets)
            by_output = torch.autograd.grad(loss, output, retain_graph=True)[0]
            of_readout = torch.autograd.grad(read.sum(), output, retain_graph=True)[0]
            gradients = torch.autograd.grad(loss, self.parameters, allow_unused=True)
        with torch.no_grad():
            for parameter, gradient in zip(self.parameters, gradients, strict=True):
                if gradient is not None:
                    parameter.add_(gradient, alpha=-self.lr)
        return float(by_output.sum() / of_readout.sum())

    @torch.no_grad()
    def watch(self) -> Float[Tensor, " probe"]:
        """Return the readout at every primary example."""
        parts = []
        for start in range(0, self.num_primary, _CHUNK):
            few = self.training.select(slice(start, min(start + _CHUNK, self.num_primary)))
            read = self.task.read(self.task.predict(few.inputs), few.require_targets("a readout"))
            if read.shape[1:] != (1,):
                message = (
                    f"the readout has {read.shape[1]} outputs; coarse labels are one bit, so give "
                    "the network a single output"
                )
                raise InputError(message)
            parts.append(read.squeeze(1))
        return torch.cat(parts)


def _like(examples: Examples, parameter: nn.Parameter) -> Examples:
    return examples.to(parameter.device, parameter.dtype)


def _describe(walk: _Walk, rows: Tensor, measure: str, seed: int) -> dict[str, Any]:
    update = walk.task.update
    num_undefined = int(rows.isnan().sum())
    return {
        "measure": measure,
        "step": "exact",
        "protocol": "while training",
        "loss": walk.task.loss.name,
        "readout": walk.task.readout.name,
        "update": update and {"rule": "SGD", "lr": update.lr, "parameters": [*update.patterns]},
        "dtype": str(rows.dtype).removeprefix("torch."),
        "device": str(rows.device),
        "exact": True,
        "undefined": {"count": num_undefined, "fraction": num_undefined / rows.numel()},
        "seed": seed,
        "data": {
            "primary": walk.coarse.primary.checksum(),
            "auxiliary": walk.coarse.auxiliary.checksum(),
        },
        **collect_provenance(),
    }
