"""Kronfluence: its pairwise scores with the identity in place of the inverse Hessian."""

import logging
import shutil
import tempfile

from kronfluence.analyzer import Analyzer, prepare_model
from kronfluence.arguments import FactorArguments, ScoreArguments
from kronfluence.task import Task
from problem import Problem, Run
from torch import Tensor, nn
from torch_problem import TorchProblem, torch_problem

BATCH = 256


def _task(torch_side: TorchProblem) -> Task:
    class GradientProducts(Task):
        def compute_train_loss(
            self,
            batch: tuple[Tensor, Tensor],
            model: nn.Module,
            sample: bool = False,  # noqa: ARG002
        ) -> Tensor:
            inputs, targets = batch
            return torch_side.loss(model(inputs), targets)

        def compute_measurement(self, batch: tuple[Tensor, Tensor], model: nn.Module) -> Tensor:
            return self.compute_train_loss(batch, model)

    return GradientProducts()


def prepare(problem: Problem) -> Run:
    """Batches of 256; its files go to a folder that is removed."""
    problem.require_scalar()
    torch_side = torch_problem(problem)
    task = _task(torch_side)
    model = prepare_model(torch_side.model, task)

    def run() -> Tensor:
        folder = tempfile.mkdtemp()
        analyzer = Analyzer(
            "bench",
            model,
            task,
            cpu=True,
            disable_tqdm=True,
            output_dir=folder,
            log_level=logging.ERROR,
        )
        analyzer.fit_all_factors(
            "factors",
            torch_side.dataset,
            per_device_batch_size=BATCH,
            factor_args=FactorArguments(strategy="identity"),
        )
        analyzer.compute_pairwise_scores(
            "scores",
            "factors",
            torch_side.dataset,
            torch_side.dataset,
            per_device_query_batch_size=BATCH,
            per_device_train_batch_size=BATCH,
            score_args=ScoreArguments(),
        )
        scores = analyzer.load_pairwise_scores("scores")["all_modules"]
        shutil.rmtree(folder, ignore_errors=True)
        return scores

    return run
