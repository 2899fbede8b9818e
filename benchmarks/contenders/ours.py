"""Neurashed, through its front door."""

import numpy as np
from problem import Problem, Run
from torch_problem import TorchProblem, torch_problem

from neurashed import Examples, Task, measure_elasticity, tangent_kernel
from neurashed.elasticity import MeasurementOptions

MEMORY = "1GB"
# Where a contender may take 14 GB in all.
MUCH_MEMORY = "8GB"


def memory_of(problem: Problem) -> str:
    """The budget of a workload."""
    return MEMORY if problem.workload.memory_limit is None else MUCH_MEMORY


def task_and_examples(torch_side: TorchProblem) -> tuple[Task, Examples]:
    model, inputs, targets = torch_side.model, torch_side.inputs, torch_side.targets
    match torch_side.workload.quantity:
        case "relative":
            task = Task(model, loss="mse", readout="output", lr=torch_side.workload.lr)
            targets = torch_side.step_targets
        case "loss_gradients":
            task = Task(model, loss="cross_entropy", readout="loss")
        case _:
            # Nothing is stepped: the loss plays no part in a kernel.
            task = Task(model, loss="mse", readout="output")
    return task, Examples(inputs=inputs, targets=targets)


def prepare(problem: Problem) -> Run:
    """One call, with all its checks, in 1 GB of working memory or, where much is allowed, 8."""
    task, examples = task_and_examples(torch_problem(problem))
    if problem.workload.quantity == "relative":
        return lambda: measure_elasticity(task, examples, memory=MEMORY, device="cpu").values
    return _prepare_kernel(problem, "highest")


def prepare_high(problem: Problem) -> Run:
    """The same, gradients multiplied in bfloat16 parts where the processor has units for them."""
    return _prepare_kernel(problem, "high")


def _prepare_kernel(problem: Problem, matmul_precision: str) -> Run:
    task, examples = task_and_examples(torch_problem(problem))
    options = MeasurementOptions(matmul_precision=matmul_precision)
    is_full = problem.workload.quantity == "full_kernel"

    def run() -> np.ndarray:
        kernel = tangent_kernel(
            task, examples, outputs="full" if is_full else "trace", device="cpu",
            memory=memory_of(problem),
            options=options,
        )  # fmt: skip
        if is_full:
            kernel = kernel.transpose("source", "source_output", "probe", "output")
        return kernel.values

    return run
