"""The numbers of one workload, the same for every contender, in a folder of their own."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from workloads import INPUT_SHAPES, Workload

__all__ = ["Problem", "Run", "UnsupportedError", "draw_examples", "load_problem", "save_problem"]

Run = Callable[[], Any]


class UnsupportedError(Exception):
    """A contender does not offer what a workload asks for; the message says what is missing."""


@dataclass(frozen=True)
class Problem:
    """A workload with its numbers, all drawn from one seed.

    Attributes:
        workload: What is to be computed.
        inputs: ``(example, ...)`` float32.
        targets: Classes ``(example,)`` int64.
        weights: By their names in the torch model.
    """

    workload: Workload
    inputs: np.ndarray
    targets: np.ndarray
    weights: dict[str, np.ndarray]

    def refuse_relative(self) -> None:
        """Say no to the response of a taken step, which no peer offers.

        Raises:
            UnsupportedError: If the workload asks for it.
        """
        if self.workload.quantity == "relative":
            message = "has no response of a taken step"
            raise UnsupportedError(message)

    def refuse_full(self) -> None:
        """Say no to the blocks of the full kernel.

        Raises:
            UnsupportedError: If the workload asks for them.
        """
        if self.workload.quantity == "full_kernel":
            message = "sums over outputs, and does not keep their pairs apart"
            raise UnsupportedError(message)

    def require_scalar(self) -> None:
        """Say no to what cannot be had from one gradient for each example.

        Raises:
            UnsupportedError: If the workload sums over outputs or takes a step.
        """
        self.refuse_relative()
        if self.workload.num_scalars > 1:
            message = "one gradient for each example only; outputs would take a pass each"
            raise UnsupportedError(message)


def draw_examples(workload: Workload) -> tuple[np.ndarray, np.ndarray]:
    """Standard normal inputs and random classes."""
    generator = np.random.default_rng(1)
    shape = (workload.num_examples, *INPUT_SHAPES[workload.network])
    inputs = generator.standard_normal(shape, dtype=np.float32)
    return inputs, generator.integers(0, max(workload.num_outputs, 2), workload.num_examples)


def save_problem(problem: Problem, folder: Path) -> None:
    """Write the numbers where the contenders find them."""
    arrays = {"inputs": problem.inputs, "targets": problem.targets}
    arrays |= {f"weights/{name}": values for name, values in problem.weights.items()}
    np.savez(folder / "problem.npz", allow_pickle=False, **arrays)


def load_problem(workload: Workload, folder: Path) -> Problem:
    """Read what `save_problem` wrote."""
    with np.load(folder / "problem.npz") as stored:
        arrays = dict(stored)
    inputs, targets = arrays.pop("inputs"), arrays.pop("targets")
    weights = {name.removeprefix("weights/"): values for name, values in arrays.items()}
    return Problem(workload, inputs, targets, weights)
