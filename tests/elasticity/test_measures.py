"""Each measure agrees with the oracle, to a taken step and to first order."""

import oracle
import pytest
import torch
from closeness import assert_close
from measurement_cases import Measured, measured
from scipy.special import rel_entr
from torch import Tensor
from zoo import CLASSIFIER, named

import neurashed as ns
from neurashed.data import Examples
from neurashed.elasticity import MeasurementOptions
from neurashed.typing import Measure, Step

pytestmark = pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")

STEPS = ("exact", "first_order")
# A readout of each kind for one output and for several, and models whose layers are not all linear.
WATCHED = [
    *(("mlp", readout) for readout in CLASSIFIER),
    *(("mlp-sigmoid", readout) for readout in CLASSIFIER),
    ("mlp-sigmoid-flat", "label_logit"),
    ("mlp-scalar", "output"),
    ("cnn", "logits"),
    ("resnet-batch-norm", "label_logit"),
    ("language-model", "log_probabilities"),
    ("linear-twice", "output"),
    ("output-of-every-position", "output"),
]
FEW = ["mlp", "mlp-sigmoid", "mlp-sigmoid-flat", "cnn", "language-model"]


def _both_sides(ready: Measured) -> tuple[Examples | None, Examples | None]:
    return None, ready.probes


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(("name", "readout"), WATCHED)
def test_relative(name: str, readout: str, step: Step):
    ready = measured(named(name), readout)
    own = ready.own(ready.responses(step, None, ready.readout).norm(dim=2))
    for probes in _both_sides(ready):
        found = ns.measure_elasticity(ready.task, ready.sources, probes, step=step)
        sizes = ready.responses(step, probes, ready.readout).norm(dim=2)
        assert_close(found, sizes / own[:, None], kind="difference")
        assert_close(found.self_response, own, kind="difference")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", [*FEW, "mlp-scalar", "resnet-group-norm"])
def test_loss_change(name: str, step: Step):
    ready = measured(named(name))
    loss = oracle.READOUTS[named(name).loss]["loss"]
    for probes in _both_sides(ready):
        found = ns.measure_elasticity(
            ready.task, ready.sources, probes, measure="loss_change", step=step
        )
        assert_close(found, ready.responses(step, probes, loss)[..., 0], kind="difference")


@pytest.mark.parametrize("name", [*FEW, "mlp-scalar"])
def test_own_loss_falls(name: str):
    ready = measured(named(name), lr=1e-4)
    for step in STEPS:
        found = ns.measure_elasticity(ready.task, ready.sources, measure="loss_change", step=step)
        assert (found.values.diagonal() < 0).all()


def _slopes(ready: Measured) -> Tensor:
    """Derivative of each source's loss in its readout, from two derivatives in the output."""
    xs, ys = ready.sides(None)[:2]
    output = oracle.predict(ready.model, xs).detach().requires_grad_()
    loss = torch.autograd.grad(ready.loss(output, ys).sum(), output)[0]
    readout = torch.autograd.grad(ready.readout(output, ys).sum(), output)[0]
    return (loss / readout).flatten()


ONE_OUTPUT = [
    ("mlp-scalar", "output"),
    ("mlp-scalar", "loss"),
    ("mlp-flat", "output"),
    *(("mlp-sigmoid", readout) for readout in CLASSIFIER),
]


@pytest.mark.parametrize(("name", "readout"), ONE_OUTPUT)
def test_kernelized(name: str, readout: str):
    ready = measured(named(name), readout)
    slopes = _slopes(ready)[:, None]
    for probes in _both_sides(ready):
        found = ns.measure_elasticity(ready.task, ready.sources, probes, measure="kernelized")
        moved = ready.responses("exact", probes, ready.readout)[..., 0]
        assert_close(found, -moved / (ready.lr * slopes), kind="difference")
        found = ns.measure_elasticity(
            ready.task, ready.sources, probes, measure="kernelized", step="first_order"
        )
        kernel = oracle.tangent_kernel(ready.model, ready.readout, *ready.sides(probes))
        assert_close(found, kernel[..., 0, 0])


@pytest.mark.parametrize("name", [*FEW, "mlp-scalar", "parameter-scale-and-shift"])
def test_cosine(name: str):
    ready = measured(named(name))
    for probes in _both_sides(ready):
        found = ns.measure_elasticity(ready.task, ready.sources, probes, measure="cosine")
        sides = ready.sides(probes)
        gradients = [
            torch.cat([*oracle.loss_gradients(ready.model, ready.loss, x, y).values()], 1)
            for x, y in (sides[:2], sides[2:])
        ]
        left, right = (rows / rows.norm(dim=1, keepdim=True) for rows in gradients)
        assert_close(found, left @ right.T)
        assert float(abs(found).max()) <= 1 + 1e-12
        if probes is None:
            assert_close(found.values.diagonal(), torch.ones(len(found)))


@pytest.mark.parametrize("name", FEW)
def test_tangent_kernel_as_a_measure(name: str):
    ready = measured(named(name), "output")
    for probes in _both_sides(ready):
        found = ns.measure_elasticity(ready.task, ready.sources, probes, measure="tangent_kernel")
        kernel = oracle.tangent_kernel(
            ready.model, oracle.READOUTS[named(name).loss]["output"], *ready.sides(probes)
        )
        assert_close(found, kernel.diagonal(dim1=2, dim2=3).sum(-1))


def _probabilities(logits: Tensor, loss: str) -> Tensor:
    """Probabilities with classes on the last axis; one logit stands for two classes."""
    if loss == "cross_entropy":
        return logits.softmax(-1)
    return torch.stack([logits.sigmoid(), (-logits).sigmoid()], -1).flatten(-2)


def _divergences(ready: Measured, loss: str, probes: Examples | None) -> tuple[Tensor, Tensor]:
    """Divergences by SciPy of the predictions after a step from those before, and in reverse."""
    logits = oracle.READOUTS[loss]["logits"]
    moved = ready.responses("exact", probes, logits)
    others = ready.sides(probes)[2:]
    before = logits(oracle.predict(ready.model, others[0]), others[1]).detach()
    new = _probabilities(before + moved, loss)
    old = _probabilities(before, loss).expand_as(new)
    there, back = (
        torch.from_numpy(rel_entr(*(each.numpy() for each in pair))).sum(-1)
        for pair in ((new, old), (old, new))
    )
    return there, back


@pytest.mark.parametrize("name", FEW)
def test_refined(name: str):
    ready = measured(named(name), lr=0.1)
    loss = named(name).loss
    options = MeasurementOptions(divergence="symmetric_kl")
    of_own = _divergences(ready, loss, None)
    for probes in _both_sides(ready):
        there, back = _divergences(ready, loss, probes)
        for given, size, own in (
            (None, there, of_own[0].diagonal()),
            (options, there + back, (of_own[0] + of_own[1]).diagonal()),
        ):
            found = ns.measure_elasticity(
                ready.task, ready.sources, probes, measure="refined", options=given
            )
            assert_close(found, size / own[:, None], kind="difference")
            assert_close(found.self_response, own, kind="difference")


MEASURES: list[Measure] = ["relative", "refined", "loss_change", "kernelized", "cosine"]


@pytest.mark.parametrize("measure", MEASURES)
def test_probes_need_not_be_given_twice(measure: Measure):
    """The same examples, given as probes of their own, take another way to the same numbers."""
    ready = measured(named("mlp-sigmoid"), "logits")
    again = Examples(*ready.sides(None)[:2])
    for step in STEPS:
        one = ns.measure_elasticity(ready.task, ready.sources, measure=measure, step=step)
        two = ns.measure_elasticity(ready.task, ready.sources, again, measure=measure, step=step)
        assert_close(two, one, kind="difference")


def test_a_readout_of_several_numbers_of_one_output():
    ready = measured(named("mlp-scalar"), lr=1e-6)

    def powers(output: Tensor, targets: Tensor) -> Tensor:  # noqa: ARG001
        return torch.cat([output, output.square()], 1)

    task = ready.task.with_readout(powers)
    for step in STEPS:
        moved = ready.responses(step, None, powers).norm(dim=2)
        found = ns.measure_elasticity(task, ready.sources, step=step)
        assert_close(
            found, moved / moved.diagonal()[:, None], kind="difference",
            factor=10, reason="a response of 1e-6 has ten digits left",
        )  # fmt: skip
