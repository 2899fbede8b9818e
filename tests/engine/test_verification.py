"""A wrong rule of one layer is found by the pairs that are computed twice, and is named."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from measurement_cases import measured
from torch import Tensor
from zoo import named

import neurashed as ns
from neurashed.elasticity import MeasurementOptions
from neurashed.engine import contraction, exact, recording
from neurashed.engine.convolution_rows import ConvolutionRows
from neurashed.engine.cutting import Contraction
from neurashed.engine.layer_rows import Positions
from neurashed.engine.rows import EmbeddingRows
from neurashed.errors import EngineMismatchError
from neurashed.models import MLP

WRONG = 1.01


def _spoil(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, applies: Callable[..., bool]  # noqa: ANN401
) -> None:  # fmt: skip
    """Make a function one percent wrong where it applies."""
    right = getattr(owner, name)

    def wrong(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        result = right(*args, **kwargs)
        return WRONG * result if applies(*args) else result

    monkeypatch.setattr(owner, name, wrong)


def _spoil_linear(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """Make the inputs of linear layers of a width one percent wrong."""
    right = contraction._make_sides

    def wrong(positions: Positions, how: Contraction) -> Any:  # noqa: ANN401
        if positions.inputs.shape[-1] == width:
            positions = replace(positions, inputs=WRONG * positions.inputs)
        return right(positions, how)

    monkeypatch.setattr(contraction, "_make_sides", wrong)


@pytest.mark.parametrize(("width", "layer"), [(5, "0"), (7, "2"), (6, "4")])
def test_a_wrong_linear_layer_is_named(width: int, layer: str, monkeypatch: pytest.MonkeyPatch):
    ready = measured(named("mlp"), "logits")
    _spoil_linear(monkeypatch, width)
    message = f"disagree on source . and probe .: .* most in layer '{layer}'. Please report"
    for call in (
        lambda: ns.tangent_kernel(ready.task, ready.sources),
        lambda: ns.tangent_kernel(ready.task, ready.sources, ready.probes, outputs="full"),
        lambda: ns.tangent_kernel(ready.task, ready.sources, by_layer=True),
        lambda: ns.measure_elasticity(ready.task, ready.sources, step="first_order"),
        lambda: ns.measure_elasticity(ready.task, ready.sources, measure="cosine"),
    ):
        with pytest.raises(EngineMismatchError, match=message):
            call()


@pytest.mark.parametrize(
    ("case", "owner", "function", "layer"),
    [
        ("cnn", ConvolutionRows, "_patches", "'0'|'3'"),
        ("embedding-padded", EmbeddingRows, "gradients", "'embedding.weight'"),
        ("norm-layer-on-sequence", recording, "_sum_positions", "'0.1'"),
    ],
)
def test_a_wrong_layer_of_another_kind_is_named(
    case: str, owner: object, function: str, layer: str, monkeypatch: pytest.MonkeyPatch
):
    ready = measured(named(case), "output")
    _spoil(monkeypatch, owner, function, lambda *_: True)
    monkeypatch.setattr(contraction, "_add_position_products", contraction.add_gradient_products)
    with pytest.raises(EngineMismatchError, match=f"most in layer (?:{layer})"):
        ns.tangent_kernel(ready.task, ready.sources, ready.probes)


def test_a_wrong_sum_of_right_parts_is_found(monkeypatch: pytest.MonkeyPatch):
    ready = measured(named("mlp"), "logits")
    right = contraction._add_rank_one_products

    def wrong(block: Tensor, *args: Any) -> None:  # noqa: ANN401
        right(block, *args)
        if block.ndim == 2:  # the sum over cotangents, not their pairs
            block.mul_(WRONG)

    monkeypatch.setattr(contraction, "_add_rank_one_products", wrong)
    with pytest.raises(EngineMismatchError, match="most in layer"):
        ns.tangent_kernel(ready.task, ready.sources)
    ns.tangent_kernel(ready.task, ready.sources, outputs="full")


@pytest.mark.parametrize("measure", ["relative", "loss_change", "refined"])
@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_wrong_steps_are_found(name: str, measure: str, monkeypatch: pytest.MonkeyPatch):
    ready = measured(named(name), "logits", lr=0.1)
    right = exact.make_steps
    monkeypatch.setattr(
        exact, "make_steps", lambda subject, rows, lr: right(subject, rows, WRONG * lr)
    )
    with pytest.raises(EngineMismatchError, match="the engine and a plain step disagree on source"):
        ns.measure_elasticity(ready.task, ready.sources, ready.probes, measure=measure)


def test_a_wrong_step_of_one_layer_is_found(monkeypatch: pytest.MonkeyPatch):
    ready = measured(named("mlp"), "logits", lr=0.1)
    right = exact.make_steps

    def wrong(*args: Any) -> Any:  # noqa: ANN401
        steps = right(*args)
        spoilt = next(name for name in steps if name.endswith("2.weight") and "a:" not in name)
        return {**steps, spoilt: WRONG * steps[spoilt]}

    monkeypatch.setattr(exact, "make_steps", wrong)
    with pytest.raises(EngineMismatchError, match="0, 2, 4"):
        ns.measure_elasticity(ready.task, ready.sources, ready.probes)


def test_the_seed_chooses_the_pairs(monkeypatch: pytest.MonkeyPatch):
    ready = measured(named("mlp"), "logits")
    _spoil_linear(monkeypatch, 7)
    pairs = set()
    for seed in range(6):
        with pytest.raises(EngineMismatchError) as caught:
            ns.tangent_kernel(
                ready.task, ready.sources, ready.probes, options=MeasurementOptions(seed=seed)
            )
        pairs.add(str(caught.value).split(":")[0])
    assert len(pairs) > 2


@pytest.mark.parametrize("name", ["mlp", "cnn", "resnet-batch-norm", "language-model"])
@pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")
def test_rounding_in_single_precision_is_no_mismatch(name: str):
    ready = measured(named(name), lr=0.1)
    options = MeasurementOptions(dtype="float32")
    for seed in range(3):
        options = MeasurementOptions(dtype="float32", seed=seed)
        kernel = ns.tangent_kernel(ready.task, ready.sources, ready.probes, options=options)
        assert kernel.dtype == torch.zeros(0).numpy().dtype
        found = ns.measure_elasticity(ready.task, ready.sources, ready.probes, options=options)
        assert found.notnull().all()


@pytest.mark.parametrize("scale", [1e-22, 1e-25, 1e-30])
def test_tiny_gradients_are_no_mismatch(scale: float, generator: torch.Generator):
    """Squares of them vanish in single precision, and with them what may be rounding."""
    task = ns.Task(
        MLP(5, [40], generator=generator),
        loss=lambda output, target: scale * (output[:, 0] - target) ** 2,
        readout=lambda output, _: torch.stack([output[:, 0], output[:, 0] ** 2], 1),
        lr=1.0,
    )
    examples = ns.Examples(torch.randn(8, 5, generator=generator), targets=torch.ones(8))
    found = ns.measure_elasticity(task, examples, step="first_order")
    # What underflows in the ratio is undefined and counted; it is no mistake of the engine.
    assert found.attrs["provenance"]["undefined"]["count"] == int(found.isnull().sum())
    assert found.notnull().all() or scale < 1e-22
