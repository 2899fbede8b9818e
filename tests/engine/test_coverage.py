"""Which parameters a result says that it covers, and that it does."""

from typing import Any

import oracle
import pytest
import torch
from closeness import assert_close
from measurement_cases import measured
from torch import Tensor, nn
from zoo import named

import neurashed as ns
from neurashed.models import MLP
from neurashed.task import SGD


def _coverage(model: nn.Module, inputs: Tensor, update: SGD | None = None) -> dict[str, Any]:
    examples = ns.Examples(inputs.to(next(model.parameters()).dtype))
    kernel = ns.tangent_kernel(ns.Task(model, update=update), examples)
    return kernel.attrs["provenance"]["coverage"]


def test_a_perceptron_is_covered_to_the_last_parameter(generator: torch.Generator):
    model = MLP(784, [512, 512], generator=generator)
    inputs = torch.rand(3, 784, generator=generator)
    found = _coverage(model, inputs)
    assert found["covered"] == found["total"] == 784 * 512 + 512 + 512 * 512 + 512 + 512 + 1
    assert found["statement"] == "665,089 of 665,089 parameters"
    assert found["frozen"] == found["excluded"] == found["unused"] == []


# Peers drop the first three in silence, and count the last three twice or wrongly.
OFTEN_LOST = [
    "norm-batch-2d",
    "norm-layer-on-sequence",
    "embedding",
    "linear-twice",
    "tied-layers",
    "embedding-tied-to-decoder",
]


@pytest.mark.parametrize("name", OFTEN_LOST)
def test_nothing_is_dropped_projected_or_counted_twice(name: str):
    ready = measured(named(name), "output")
    kernel = ns.tangent_kernel(ready.task, ready.sources, by_layer=True)
    found = kernel.attrs["provenance"]
    total = sum(parameter.numel() for parameter in ready.model.parameters())
    assert found["coverage"]["statement"] == f"{total} of {total} parameters"
    assert found["exact"] is True
    counted = sum(layer["num_parameters"] for layer in found["method"]["layers"])
    assert counted == total
    parts = oracle.per_parameter(ready.model, ready.readout, *ready.sides(None))
    expected = sum(parts.values()).diagonal(dim1=2, dim2=3).sum(-1)
    assert_close(kernel.sum("layer"), expected)


def test_frozen_parameters_are_named():
    ready = measured(named("frozen-layer"))
    found = ns.measure_elasticity(ready.task, ready.sources).attrs["provenance"]["coverage"]
    assert found["statement"] == "14 of 50 parameters (36 frozen)"
    assert found["frozen"] == ["0.weight", "0.bias"]


def test_what_is_left_out_by_request_is_named():
    ready = measured(named("frozen-bias"))
    task = ns.Task(ready.model, update=SGD(1e-2, ("2.*", "0.bias")))
    found = ns.measure_elasticity(task, ready.sources).attrs["provenance"]["coverage"]
    assert found["statement"] == "14 of 50 parameters (6 frozen, 30 left out by request)"
    assert (found["frozen"], found["excluded"]) == (["0.bias"], ["0.weight"])


def test_unused_parameters_count_with_their_zero_gradients():
    ready = measured(named("unused-parameter"))
    found = ns.measure_elasticity(ready.task, ready.sources).attrs["provenance"]["coverage"]
    assert found["covered"] == found["total"]
    assert found["unused"] == ["spare.weight", "spare.bias"]
    kernel = ns.tangent_kernel(ready.task, ready.sources)
    assert_close(
        kernel,
        oracle
        .tangent_kernel(ready.model, ready.readout, *ready.sides(None))
        .diagonal(dim1=2, dim2=3)
        .sum(-1),
    )
