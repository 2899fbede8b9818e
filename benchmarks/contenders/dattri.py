"""dattri: its TracIn attributor with one checkpoint of weight one."""

import torch
from dattri.algorithm.tracin import TracInAttributor
from dattri.task import AttributionTask
from problem import Problem, Run
from torch import Tensor
from torch.utils.data import DataLoader
from torch_problem import Weights, torch_problem


def _prepare(problem: Problem, *, is_projected: bool) -> Run:
    problem.require_scalar()
    torch_side = torch_problem(problem)

    def loss(weights: Weights, example: tuple[Tensor, Tensor]) -> Tensor:
        return torch_side.scalar(weights, *example)

    task = AttributionTask(
        loss_func=loss, model=torch_side.model, checkpoints=torch_side.model.state_dict()
    )
    attributor = TracInAttributor(
        task=task, weight_list=torch.ones(1), normalized_grad=False, device="cpu"
    )
    if not is_projected:
        attributor.projector_kwargs = None
    loader = DataLoader(torch_side.dataset, batch_size=problem.workload.num_examples)

    def run() -> Tensor:
        with torch.no_grad():
            return attributor.attribute(loader, loader)

    return run


def prepare(problem: Problem) -> Run:
    """With the projection taken out by hand, one batch."""
    return _prepare(problem, is_projected=False)


def prepare_default(problem: Problem) -> Run:
    """As it comes: gradients are projected to 512 dimensions."""
    return _prepare(problem, is_projected=True)
