"""What elasticity is held against: each baseline finds what is plain to see, or says why not."""

import numpy as np
import pytest
import torch
from coarse_cases import blobs, build
from torch import nn

from neurashed.clustering import agreement
from neurashed.data import CoarseTask, Examples
from neurashed.errors import InputError
from neurashed.models import CNN, MLP
from neurashed.subclasses import (
    BASELINES,
    CoarseTraining,
    activation_patterns,
    cluster_by_baseline,
    penultimate_features,
    train_on_coarse_labels,
)
from neurashed.subclasses.autoencoding import encode
from neurashed.task import Task


@pytest.fixture(scope="module")
def untrained() -> Task:
    """Return a task whose losses all pull the same way: no example is fitted yet."""
    [(task, _)] = train_on_coarse_labels(build, blobs(), CoarseTraining(loss="mse", num_epochs=0))
    return task


@pytest.mark.parametrize("name", BASELINES)
def test_finds_blobs_that_lie_far_apart(untrained: Task, name: str):
    coarse = blobs()
    found = cluster_by_baseline(name, coarse, untrained, 2, seed=1)
    assert found.shape == (16,)
    assert agreement(found, coarse.hidden_classes).accuracy == 1.0


def test_patterns_are_signs_of_the_hidden_layer():
    model = MLP(3, [5, 4], generator=torch.Generator().manual_seed(0)).double()
    inputs = torch.randn(300, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    first = model.fc1(inputs)
    second = model.fc2(first.relu())
    wanted = torch.cat([first > 0, second > 0], 1).float()
    task = Task(model)
    assert torch.equal(activation_patterns(task, Examples(inputs)), wanted)
    assert torch.equal(penultimate_features(task, Examples(inputs)), second.relu())


def test_features_of_convolutions_and_of_functions_that_are_called():
    model = CNN(image_shape=(1, 16, 16), widths=(2, 3, 4), generator=torch.Generator())
    images = Examples(torch.rand(5, 1, 16, 16))
    assert activation_patterns(Task(model), images).shape == (5, 2 * 144 + 3 * 4 + 4)
    assert penultimate_features(Task(model), images).shape == (5, 4)


def test_autoencoder_is_seeded_and_learns_what_matters():
    images = torch.zeros(40, 1, 28, 28)
    images[:20, :, :14] = 1
    images[20:, :, 14:] = 1
    codes = encode(images, num_steps=3, seed=2)
    assert codes.shape == (40, 32)
    assert torch.equal(codes, encode(images, num_steps=3, seed=2))
    assert not torch.equal(codes, encode(images, num_steps=3, seed=3))


def test_example_without_a_gradient_has_no_cluster():
    class Threshold(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(2, 1).double()

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            return self.fc(inputs) * (inputs[:, :1] > -3)

    coarse = blobs()
    dead = np.flatnonzero(coarse.primary.inputs[:, 0].numpy() <= -3)
    found = cluster_by_baseline("gradient_cosine", coarse, Task(Threshold()), 2)
    assert 0 < len(dead) < 8
    assert np.flatnonzero(found == -1).tolist() == dead.tolist()


@pytest.mark.parametrize(
    ("name", "model", "message"),
    [
        ("k_mean", nn.Linear(2, 1), "unknown baseline 'k_mean'; use some of k_means, pca"),
        ("activation_patterns", nn.Linear(2, 1), "the network has no ReLU"),
        ("penultimate_features", nn.Sequential(nn.ReLU()), "the network has no linear layer"),
    ],
)
def test_refuses(name: str, model: nn.Module, message: str):
    model.register_parameter("unused", nn.Parameter(torch.zeros(1)))
    with pytest.raises(InputError, match=message):
        cluster_by_baseline(name, blobs(2), Task(model.double()), 2)


@pytest.mark.parametrize("name", ["k_means", "pca", "autoencoder"])
def test_codes_have_no_distances(name: str):
    words = Examples(np.arange(4).reshape(2, 2), ids=["a", "b"])
    coarse = CoarseTask(words, Examples(np.arange(2).reshape(1, 2), ids=["c"]))
    with pytest.raises(InputError, match="between such codes there are no distances"):
        cluster_by_baseline(name, coarse, Task(nn.Linear(2, 1)), 2)
