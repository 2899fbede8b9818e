"""Divergences: against their definition, at their limit, and where subtraction would fail."""

import math

import pytest
import torch
from closeness import assert_close
from torch import Tensor

from neurashed.elasticity.formulas import (
    divergence,
    divide_by_source,
    fisher_divergence,
    response_size,
)

PREDICTIONS = ("softmax", "sigmoid")


@pytest.fixture
def logits(generator: torch.Generator) -> Tensor:
    return 2 * torch.randn(5, 3, generator=generator, dtype=torch.float64)


@pytest.fixture
def changes(generator: torch.Generator) -> Tensor:
    return torch.randn(4, 5, 3, generator=generator, dtype=torch.float64)


def _defined(logits: Tensor, changes: Tensor, prediction: str) -> Tensor:
    """KL(p⁺‖p) by its definition; a sigmoid output is one of two classes."""
    if prediction == "softmax":
        new, old = (logits + changes).log_softmax(-1), logits.log_softmax(-1)
        return (new.exp() * (new - old)).sum(-1)
    new, old = (logits + changes).sigmoid(), logits.sigmoid()
    terms = new * (new / old).log() + (1 - new) * ((1 - new) / (1 - old)).log()
    return terms.sum(-1)


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_divergence_is_its_definition(prediction: str, logits: Tensor, changes: Tensor):
    there = _defined(logits, changes, prediction)
    back = _defined(logits + changes, -changes, prediction)
    found = divergence(logits, changes, prediction=prediction, is_symmetric=False)
    assert_close(found, there)
    found = divergence(logits, changes, prediction=prediction, is_symmetric=True)
    assert_close(found, there + back)


@pytest.mark.parametrize("is_symmetric", [False, True])
@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_no_change_diverges_by_exactly_nothing(
    prediction: str, is_symmetric: bool, logits: Tensor, changes: Tensor
):
    still = torch.zeros_like(changes)
    for formula in (divergence, fisher_divergence):
        found = formula(logits, still, prediction=prediction, is_symmetric=is_symmetric)
        assert (found == 0).all()


def test_shifting_all_logits_of_a_softmax_diverges_by_nothing(logits: Tensor):
    shifted = torch.full((1, 5, 3), 0.7, dtype=torch.float64)
    found = divergence(logits, shifted, prediction="softmax", is_symmetric=False)
    assert found.abs().max() < 1e-30


@pytest.mark.parametrize("is_symmetric", [False, True])
@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_small_changes_reach_the_fisher_limit_without_cancellation(
    prediction: str, is_symmetric: bool, logits: Tensor, changes: Tensor
):
    """At 1e-9 the definition loses all its digits: divergences are 1e-18."""
    small = 1e-9 * changes
    options = {"prediction": prediction, "is_symmetric": is_symmetric}
    found = divergence(logits, small, **options)
    limit = fisher_divergence(logits, small, **options)
    assert ((found - limit).abs() <= 1e-7 * limit).all()
    naive = _defined(logits, small, prediction)
    assert ((naive - limit).abs() > limit).any()


def test_fisher_limit_is_the_quadratic_form(logits: Tensor, changes: Tensor):
    found = fisher_divergence(logits, changes, prediction="softmax", is_symmetric=False)
    p = logits.softmax(-1)
    fisher = torch.diag_embed(p) - p.unsqueeze(-1) * p.unsqueeze(-2)
    assert_close(found, 0.5 * torch.einsum("spc,pcd,spd->sp", changes, fisher, changes))


@pytest.mark.parametrize("size", [0.005, 0.0099, 0.0101, 0.02])
def test_series_and_exact_form_agree_where_they_meet(size: float, logits: Tensor):
    changes = torch.full((1, 5, 1), size, dtype=torch.float64)
    one = logits[:, :1] - 5  # so that the log-probability changes by nearly as much as the logit
    found = divergence(one, changes, prediction="sigmoid", is_symmetric=False)
    assert_close(
        found, _defined(one, changes, "sigmoid"), factor=10, reason="the series ends at δ⁵"
    )


def test_size_of_one_output_is_its_magnitude_and_of_several_their_norm():
    one = torch.tensor([[[-2.0]]])
    several = torch.tensor([[[3.0, -4.0]]])
    assert response_size(one).tolist() == [[2.0]]
    assert response_size(several).tolist() == [[5.0]]


def test_a_source_that_does_not_move_itself_has_no_ratio():
    values = torch.tensor([[0.0, 0.0], [1.0, 2.0]])
    ratios = divide_by_source(values, torch.tensor([0.0, 4.0]))
    assert all(math.isnan(value) for value in ratios[0].tolist())
    assert ratios[1].tolist() == [0.25, 0.5]
