"""Neurashed, streamed to disk: the matrix is never held."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from problem import Problem, Run
from torch_problem import torch_problem

from contenders.ours import MEMORY, task_and_examples
from neurashed import stream_elasticity


def prepare(problem: Problem) -> Run:
    """One call; a repeated one begins anew in an empty store."""
    task, examples = task_and_examples(torch_problem(problem))
    folder = Path(tempfile.mkdtemp())

    def run() -> Any:  # noqa: ANN401
        shutil.rmtree(folder / "kernel.zarr", ignore_errors=True)
        store = folder / "kernel.zarr"
        return stream_elasticity(task, examples, store=store, memory=MEMORY, device="cpu").result

    return run
