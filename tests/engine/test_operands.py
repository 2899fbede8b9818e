"""Products of rows in parts of bfloat16 are those in float32, to more than four digits."""

import numpy as np
import oracle
import pytest
import torch
from measurement_cases import measured
from torch import Tensor
from zoo import CASES, Case, named

import neurashed as ns
from neurashed.elasticity import MeasurementOptions
from neurashed.engine import cutting, operands, subject
from neurashed.engine.bfloat16_products import has_bfloat16_products
from neurashed.engine.operands import PlainOperand, SplitOperand, TokenOperand
from neurashed.errors import InputError
from neurashed.models import MLP

HIGH = MeasurementOptions(matmul_precision="high")
CPU = torch.device("cpu")
# Of the product of two norms: at worst, and as root of the mean square.
WORST = 3 * 2.0**-16
ALLOWED = 1e-5


def _multiply_plainly(left: Tensor, right: Tensor, out: Tensor, *, adds: bool) -> None:
    """The same product of bfloat16 numbers, on any machine."""
    assert left.dtype == right.dtype == torch.bfloat16
    product = left.float() @ right.float().T
    out.copy_(out + product if adds else product)


@pytest.fixture(params=["emulated", "this machine's"])
def _units(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "_FEWEST_PRODUCTS", 0)
    if request.param == "emulated":
        monkeypatch.setattr(operands, "multiply_bfloat16", _multiply_plainly)
        monkeypatch.setattr(subject, "has_bfloat16_products", lambda _: True)
    elif not has_bfloat16_products(CPU):
        pytest.skip("this processor has no matrix units for bfloat16")


@pytest.mark.usefixtures("_units")
@pytest.mark.parametrize("shape", [(1, 1, 1), (70, 30, 5), (300, 520, 784), (4, 3, 0), (0, 3, 2)])
def test_split_products(shape: tuple[int, int, int], generator: torch.Generator):
    height, width, depth = shape
    left = torch.randn(height, depth, generator=generator)
    right = 1e-3 * torch.randn(width, depth, generator=generator)
    wanted = left.double() @ right.double().T
    allowed = WORST * left.double().norm(dim=1)[:, None] * right.double().norm(dim=1)
    ours, theirs = SplitOperand.of(left), SplitOperand.of(right)
    assert (len(ours), len(theirs)) == (height, width)
    assert ((ours.times(theirs) - wanted).abs() <= allowed).all()
    block = torch.ones(height, width)
    ours.add_times(theirs, block)
    assert ((block - 1 - wanted).abs() <= allowed + 1e-6).all()


@pytest.mark.usefixtures("_units")
def test_parts_of_a_block(generator: torch.Generator):
    rows = torch.randn(50, 20, generator=generator)
    wanted = rows @ rows.T
    block = torch.zeros(50, 50)
    split = SplitOperand.of(rows)
    split[10:30].add_times(split[5:9], block[10:30, 5:9])
    split[30:31].add_times(split[5:6], block[30:31, 5:6])
    split[:5].add_times(split[40:], block.T[:5, 40:])
    assert torch.allclose(block[10:30, 5:9], wanted[10:30, 5:9], atol=1e-4)
    assert torch.allclose(block[30, 5], wanted[30, 5], atol=1e-4)
    assert torch.allclose(block[40:, :5], wanted[40:, :5], atol=1e-4)
    assert int((block != 0).sum()) == 20 * 4 + 1 + 10 * 5


@pytest.mark.usefixtures("_units")
def test_more_than_one_part_counts(generator: torch.Generator):
    rows = torch.randn(200, 300, generator=generator)
    wanted = rows.double() @ rows.double().T
    high = rows.bfloat16().double()
    rounded = float((high @ high.T - wanted).norm() / wanted.norm())
    split = SplitOperand.of(rows)
    found = float((split.times(split) - wanted).norm() / wanted.norm())
    assert found < ALLOWED < 1e-3 < rounded


def test_other_operands(generator: torch.Generator):
    rows = torch.randn(6, 4, generator=generator)
    plain = PlainOperand(rows)
    assert torch.equal(plain[1:3].times(plain), rows[1:3] @ rows.T)
    tokens = torch.tensor([[0], [2], [-1], [2]])
    one_hot = torch.nn.functional.one_hot(tokens[:, 0].clamp(min=0), 3) * (tokens >= 0)
    block = torch.ones(4, 4)
    TokenOperand(tokens, torch.float32).add_times(TokenOperand(tokens, torch.float32), block)
    assert torch.equal(block - 1, (one_hot @ one_hot.T).float())


@pytest.mark.usefixtures("_units")
@pytest.mark.parametrize("case", CASES, ids=repr)
def test_every_model(case: Case):
    ready = measured(case)
    options = MeasurementOptions(dtype="float32", matmul_precision="high")
    for probes in (None, ready.probes):
        full = oracle.tangent_kernel(ready.model, ready.readout, *ready.sides(probes))
        traced = full.diagonal(dim1=2, dim2=3).sum(-1)
        own = oracle.tangent_kernel(ready.model, ready.readout, *ready.sides(None))
        size = float(own.diagonal(dim1=2, dim2=3).sum(-1).abs().max())
        found = ns.tangent_kernel(ready.task, ready.sources, probes, options=options)
        assert found.attrs["provenance"]["method"]["is_split"]
        if probes is None:
            assert float(np.abs(found.values - traced.numpy()).max()) <= 1e-4 * size
            continue
        others = oracle.tangent_kernel(
            ready.model, ready.readout, *ready.sides(probes)[2:], *ready.sides(probes)[2:]
        )
        size = max(size, float(others.diagonal(dim1=2, dim2=3).sum(-1).abs().max()))
        assert float(np.abs(found.values - traced.numpy()).max()) <= 1e-4 * size


@pytest.mark.usefixtures("_units")
@pytest.mark.parametrize("memory", ["16MB", "1GB"])
def test_the_budget_does_not_matter(memory: str, generator: torch.Generator):
    model = MLP(30, (40, 20), 3, generator=generator)
    x = torch.randn(150, 30, generator=generator)
    examples = ns.Examples(inputs=x, targets=torch.arange(150) % 3)
    task = ns.Task(model, loss="cross_entropy", readout="logits")
    wanted = ns.tangent_kernel(
        task, examples, outputs="full", options=MeasurementOptions(dtype="float64")
    )
    for outputs in ("full", "trace"):
        found = ns.tangent_kernel(task, examples, outputs=outputs, memory=memory, options=HIGH)
        whole = wanted.values
        if outputs == "trace":
            whole = np.trace(whole, axis1=2, axis2=3)
        assert np.linalg.norm(found.values - whole) < ALLOWED * np.linalg.norm(whole)
        if outputs == "trace":
            assert np.array_equal(found.values, found.values.T)


def test_few_rows_are_not_split(monkeypatch: pytest.MonkeyPatch, generator: torch.Generator):
    monkeypatch.setattr(operands, "multiply_bfloat16", _multiply_plainly)
    monkeypatch.setattr(subject, "has_bfloat16_products", lambda _: True)
    task = ns.Task(MLP(3, (4,), 1, generator=generator), loss="mse", readout="output")
    for num, is_split in ((1200, False), (1300, True)):
        x = torch.randn(num, 3, generator=generator)
        examples = ns.Examples(inputs=x, targets=torch.zeros(num))
        high = ns.tangent_kernel(task, examples, options=HIGH)
        assert np.array_equal(high, ns.tangent_kernel(task, examples)) != is_split


@pytest.mark.usefixtures("_units")
def test_double_precision_is_not_split():
    ready = measured(named("mlp"))
    found = ns.tangent_kernel(ready.task, ready.sources, options=HIGH)
    assert found.dtype == np.float64
    assert not found.attrs["provenance"]["method"]["is_split"]
    assert np.array_equal(found, ns.tangent_kernel(ready.task, ready.sources))


def test_elsewhere_it_is_float32(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(subject, "has_bfloat16_products", lambda _: False)
    ready = measured(named("mlp"))
    options = [MeasurementOptions("float32", matmul_precision=name) for name in ("high", "highest")]
    high, highest = (ns.tangent_kernel(ready.task, ready.sources, options=o) for o in options)
    assert not high.attrs["provenance"]["method"]["is_split"]
    assert np.array_equal(high, highest)


def test_other_names():
    with pytest.raises(InputError, match="matmul_precision is 'medium'; give highest or high"):
        MeasurementOptions(matmul_precision="medium")
