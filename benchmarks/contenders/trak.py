"""TRAK: its per-example gradients, and its projected features."""

import logging
import shutil
import tempfile

import numpy as np
import torch
from problem import Problem, Run
from torch import Tensor, nn
from torch_problem import TorchProblem, Weights, torch_problem
from trak import TRAKer
from trak.gradient_computers import FunctionalGradientComputer
from trak.modelout_functions import AbstractModelOutput
from trak.projectors import BasicProjector, ProjectionType
from trak.utils import vectorize

NUM_FEATURES = 2048


def _model_output(torch_side: TorchProblem) -> AbstractModelOutput:
    class ModelOutput(AbstractModelOutput):
        def __init__(self) -> None:  # abstract in the base
            pass

        @staticmethod
        def get_output(
            model: nn.Module,  # noqa: ARG004
            weights: Weights,
            buffers: Weights,
            one_input: Tensor,
            one_target: Tensor,
        ) -> Tensor:
            return torch_side.scalar({**weights, **buffers}, one_input, one_target)

        def get_out_to_loss_grad(
            self,
            model: nn.Module,  # noqa: ARG002
            weights: Weights,  # noqa: ARG002
            buffers: Weights,  # noqa: ARG002
            batch: tuple[Tensor, Tensor],
        ) -> Tensor:
            return torch.ones(len(batch[0]), 1)

    return ModelOutput()


def _num_parameters(torch_side: TorchProblem) -> int:
    return sum(parameter.numel() for parameter in torch_side.model.parameters())


def prepare(problem: Problem) -> Run:
    """Gradients without the projection, which takes a class from inside the package."""
    problem.require_scalar()
    torch_side = torch_problem(problem)
    computer = FunctionalGradientComputer(
        torch_side.model,
        _model_output(torch_side),
        _num_parameters(torch_side),
        torch.float32,
        torch.device("cpu"),
    )

    def run() -> Tensor:
        with torch.no_grad():
            rows = [
                vectorize(computer.compute_per_sample_grad(batch), device="cpu")
                for batch in torch_side.batches(64)
            ]
            gradients = torch.cat(rows)
            return gradients @ gradients.T

    return run


def _features(torch_side: TorchProblem, folder: str) -> Tensor:
    projector = BasicProjector(
        grad_dim=_num_parameters(torch_side),
        proj_dim=NUM_FEATURES,
        seed=0,
        proj_type=ProjectionType.rademacher,
        device="cpu",
    )
    traker = TRAKer(
        model=torch_side.model,
        task=_model_output(torch_side),
        train_set_size=len(torch_side.inputs),
        save_dir=folder,
        device="cpu",
        projector=projector,
        proj_dim=NUM_FEATURES,
        use_half_precision=False,
        logging_level=logging.ERROR,
    )
    traker.load_checkpoint(torch_side.model.state_dict(), model_id=0)
    for batch in torch_side.batches(128):
        traker.featurize(batch=batch, num_samples=len(batch[0]))
    features = torch.from_numpy(np.array(traker.saver.current_store["grads"]))
    return features * traker.normalize_factor / NUM_FEATURES**0.5


def prepare_projected(problem: Problem) -> Run:
    """As documented: features projected to 2,048 dimensions, and their inner products."""
    problem.require_scalar()
    torch_side = torch_problem(problem)

    def run() -> Tensor:
        folder = tempfile.mkdtemp()
        features = _features(torch_side, folder)
        shutil.rmtree(folder, ignore_errors=True)
        return features @ features.T

    return run
