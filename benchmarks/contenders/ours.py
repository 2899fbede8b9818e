"""Neurashed, through its front door."""

import numpy as np
from problem import Problem, Run
from torch_problem import TorchProblem, torch_problem

from neurashed import Examples, Task, measure_elasticity, tangent_kernel

MEMORY = "1GB"


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
    """One call, with all its checks, in 1 GB of working memory."""
    task, examples = task_and_examples(torch_problem(problem))
    if problem.workload.quantity == "relative":
        return lambda: measure_elasticity(task, examples, memory=MEMORY, device="cpu").values
    if problem.workload.quantity == "full_kernel":

        def run() -> np.ndarray:
            kernel = tangent_kernel(task, examples, outputs="full", memory=MEMORY, device="cpu")
            return kernel.transpose("source", "source_output", "probe", "output").values

        return run
    return lambda: tangent_kernel(task, examples, memory=MEMORY, device="cpu").values
