"""One network on coarse labels: its moments, its rate, and what it refuses."""

import copy

import pytest
import torch
from coarse_cases import QUICK, blobs, build
from torch import nn

from neurashed.errors import InputError
from neurashed.subclasses import CoarseTraining, train_on_coarse_labels
from neurashed.task import Task
from neurashed.training import compute_lambda_max, train


def test_stops_at_each_look_and_goes_on_as_if_it_had_not():
    coarse = blobs()
    looks = CoarseTraining(num_epochs=4, batch_size=10, looks=(1.0, 0.5, 0.0))
    weights, epochs = [], []
    for task, state in train_on_coarse_labels(build, coarse, looks, seed=2):
        weights.append(copy.deepcopy(task.model.state_dict()))
        epochs.append(state.epoch)
        lr = task.update.lr
    assert epochs == [0.0, 2.0, 4.0]
    [(whole, _)] = train_on_coarse_labels(
        build, coarse, CoarseTraining(lr=lr, num_epochs=4, batch_size=10), seed=2
    )
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, weights[-1][name])
        assert not torch.equal(value, weights[0][name])


def test_training_is_that_of_the_loop():
    coarse = blobs()
    choices = CoarseTraining(loss="mse", lr=0.05, num_epochs=3, batch_size=10)
    [(task, state)] = train_on_coarse_labels(build, coarse, choices, seed=1)
    [(fresh, _)] = train_on_coarse_labels(
        build, coarse, CoarseTraining(loss="mse", lr=0.05, num_epochs=0), seed=1
    )
    *_, last = train(fresh, coarse.training, num_epochs=3, batch_size=10, seed=1)
    assert last.loss == state.loss
    assert task.loss.name == "mse"


def test_rate_is_half_the_edge_of_stability():
    coarse = blobs()
    [(task, state)] = train_on_coarse_labels(
        build, coarse, CoarseTraining(loss="mse", num_epochs=0), seed=0
    )
    largest = compute_lambda_max(
        Task(task.model, loss="mse"), coarse.training, generator=torch.Generator()
    )
    assert task.update.lr * largest == pytest.approx(1, rel=0.03)
    assert state.epoch == 0


def test_learns_the_coarse_label():
    [(_, state)] = train_on_coarse_labels(build, blobs(), QUICK)
    assert state.accuracy == 1.0
    assert state.lr_lambda_max is not None


def test_refuses_networks_with_several_outputs():
    moments = train_on_coarse_labels(lambda _: nn.Linear(2, 2).double(), blobs())
    with pytest.raises(InputError, match="coarse labels are one bit, so give it a single output"):
        next(moments)


@pytest.mark.parametrize("looks", [(), (1.2,), (-0.1, 1.0)])
def test_refuses_looks_outside_of_training(looks: tuple[float, ...]):
    with pytest.raises(InputError, match="give shares of the training from 0 to 1"):
        CoarseTraining(looks=looks)
