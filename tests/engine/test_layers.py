"""Every parameter that the output depends on stands in exactly one layer, of the right kind."""

import oracle
import pytest
import torch
from closeness import assert_close
from engine_cases import Prepared, kernel, prepare
from torch import Tensor, nn
from zoo import CASES, Case, Written, moved, named, randomize

from neurashed.engine.layout import Layout
from neurashed.engine.subject import Subject, examine
from neurashed.models import MLP, ResNet18
from neurashed.task import Task


def _ready(name: str, device: torch.device, dtype: torch.dtype) -> Prepared:
    return prepare(named(name), device, dtype)


def _kinds(subject: Subject) -> dict[str, str]:
    return {layer.name: layer.kind for layer in subject.layers}


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_every_used_parameter_is_in_one_layer(case: Case, device: torch.device, dtype: torch.dtype):
    ready = prepare(case, device, dtype)
    subject = ready.subject
    placed = [name for layer in subject.layers for name in layer.parameters]
    assert len(placed) == len(set(placed))
    trainable = {name for name, weight in ready.model.named_parameters() if weight.requires_grad}
    assert set(placed) == trainable - set(subject.discovery.unused)
    sizes = {name: weight.numel() for name, weight in subject.parameters.items()}
    assert sum(layer.num_parameters for layer in subject.layers) == sum(sizes[n] for n in placed)
    names = [layer.name for layer in subject.layers]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_a_parameter_is_unused_if_autograd_says_so(
    case: Case, device: torch.device, dtype: torch.dtype
):
    ready = prepare(case, device, dtype)
    found = oracle.jacobians(ready.model, ready.readout, *ready.sources)
    unused = ready.subject.discovery.unused
    assert {name for name in found if name in unused} == set(unused)
    assert all(not found[name].any() for name in unused)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("mlp-relu", {"0": "linear", "2": "linear"}),
        ("linear-by-keyword", {"fc": "linear"}),
        ("linear-subclass", {"0": "linear", "1": "linear"}),
        ("hooks", {"0": "linear", "2": "linear"}),
        ("frozen-layer", {"2": "linear"}),
        ("frozen-bias", {"0.weight": "linear", "2": "linear"}),
        ("frozen-weight", {"0": "linear", "2.bias": "linear"}),
        ("unused-parameter", {"net.0": "linear", "net.2": "linear"}),
        ("tied-layers", {"0.weight": "linear", "0.bias": "linear", "2.bias": "linear"}),
        ("one-layer-two-names", {"first": "linear", "head": "linear"}),
        ("linear-twice", {"body": "linear", "head": "linear"}),
        ("module-and-function", {"fc.weight": "linear", "fc.bias": "linear"}),
        ("conv-2d-twice", {"0.0": "mixed"}),
        ("conv-2d-filters-from-parameter", {"0.filters": "convolution"}),
        ("conv-2d-transposed", {"0.weight": "general", "0.bias": "general"}),
        ("norm-batch-2d", {"0.0": "convolution", "0.1": "affine"}),
        ("norm-layer-twice", {"0.norm": "mixed"}),
        ("weight-in-a-penalty", {"fc.weight": "general", "fc.bias": "general"}),
        ("weight-in-a-product-elsewhere", {"fc.weight": "general", "fc.bias": "linear"}),
        ("tied-autoencoder", {"fc.weight": "general", "fc.bias": "linear", "bias": "linear"}),
        ("embedding-tied-to-decoder", {"embedding.weight": "mixed"}),
        ("parameter-alone", {"weight": "general"}),
    ],
)
def test_kinds(name: str, kinds: dict[str, str], device: torch.device, dtype: torch.dtype):
    found = _kinds(_ready(name, device, dtype).subject)
    assert kinds.items() <= found.items()


def test_a_weight_comes_before_its_bias(device: torch.device, dtype: torch.dtype):
    layer = _ready("conv-2d-groups", device, dtype).subject.layers[0]
    assert layer.parameters == ("0.weight", "0.bias")
    assert layer.shapes == ((6, 2, 3, 3), (6,))
    assert (layer.has_weight, layer.has_bias, layer.sites) == (True, True, (0,))


def test_a_layer_used_twice_has_two_sites(device: torch.device, dtype: torch.dtype):
    body, head = _ready("linear-twice", device, dtype).subject.layers
    assert (body.sites, head.sites) == ((0, 1), (2,))


def test_a_dead_branch_is_unused(device: torch.device, dtype: torch.dtype):
    discovery = _ready("dead-branch", device, dtype).subject.discovery
    assert discovery.unused == ("dead.weight", "dead.bias")


def test_positions_may_come_before_examples(
    device: torch.device, dtype: torch.dtype, generator: torch.Generator
):
    def passes(m: Written, x: Tensor) -> Tensor:
        hidden = m.body(x.transpose(0, 1).flatten(0, 1)).tanh()
        return m.head(hidden.unflatten(0, (x.shape[1], -1)).transpose(0, 1).flatten(1))

    model = randomize(Written(passes, body=nn.Linear(5, 6), head=nn.Linear(18, 3)), generator)
    subject = _check(model, torch.randn(4, 3, 5, generator=generator), device, dtype)
    assert subject.discovery.sites[0].layout == Layout(0, 3, examples_first=False)
    assert _kinds(subject) == {"body": "linear", "head": "linear"}


# What other libraries get wrong without a word.


def _check(model: nn.Module, x: Tensor, device: torch.device, dtype: torch.dtype) -> Subject:
    """Compare the kernel with the oracle's, and see that all parameters are in it."""
    x, y = moved(x, device, dtype), torch.zeros(len(x), dtype=torch.long, device=device)
    model = model.to(device, dtype)
    subject = examine(Task(model, "cross_entropy", "logits"), (x, y))
    args = model, oracle.READOUTS["cross_entropy"]["logits"], x, y, x, y
    full = oracle.tangent_kernel(*args)
    assert_close(kernel(subject, (x, y)), full.diagonal(dim1=2, dim2=3).sum(-1))
    total = sum(weight.numel() for weight in model.parameters())
    assert sum(layer.num_parameters for layer in subject.layers) == total
    return subject


@pytest.mark.parametrize("norm", ["batch", "group"])
def test_no_norm_is_dropped(
    norm: str, device: torch.device, dtype: torch.dtype, generator: torch.Generator
):
    model = ResNet18(3, width=4, norm=norm, generator=generator).eval()
    if norm == "batch":
        randomize(model, generator)
    x = torch.randn(3, 3, 16, 16, generator=generator)
    subject = _check(model, x, device, dtype)
    norms = [m for m in model.modules() if isinstance(m, (nn.BatchNorm2d, nn.GroupNorm))]
    assert sum(layer.kind == "affine" for layer in subject.layers) == len(norms) == 20


def test_nothing_is_projected(device: torch.device, dtype: torch.dtype, generator: torch.Generator):
    model = MLP(30, [60, 40], 3, generator=generator)
    _check(model, torch.randn(6, 30, generator=generator), device, dtype)


@pytest.mark.parametrize("kind", ["linear", "conv", "norm"])
def test_a_layer_used_twice_is_right(
    kind: str, device: torch.device, dtype: torch.dtype, generator: torch.Generator
):
    body = {
        "linear": lambda: nn.Linear(5, 5),
        "conv": lambda: nn.Conv2d(4, 4, 3, padding=1),
        "norm": lambda: nn.GroupNorm(2, 4),
    }[kind]()
    model = Written(
        lambda m, x: m.head(m.body(m.body(x).tanh()).tanh().flatten(1)),
        body=body,
        head=nn.Linear(4 * 5 * 5, 3),
    )
    x = torch.randn(4, 4, 5, 5, generator=generator)
    _check(randomize(model, generator), x, device, dtype)
