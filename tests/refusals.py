"""Models, examples and calls that the front door must refuse, each with its message."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from zoo import Written

import neurashed as ns


def draw_inputs(count: int, *, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 5, generator=generator, dtype=torch.float64)


def draw_examples(count: int = 4, targets: Tensor | None = None, *, seed: int = 0) -> ns.Examples:
    values = torch.arange(count) % 3 if targets is None else targets
    return ns.Examples(
        draw_inputs(count, seed=seed), values, ids=[f"{seed}.{n}" for n in range(count)]
    )


def _spoilt(examples: ns.Examples, number: int) -> ns.Examples:
    inputs = torch.as_tensor(examples.inputs).clone()
    inputs[number, 2] = torch.nan
    return ns.Examples(inputs, examples.targets, ids=examples.ids)


def network(outputs: int = 3) -> nn.Module:
    generator = torch.Generator().manual_seed(1)
    model = nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, outputs)).double()
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.5, generator=generator)
    return model


def _with_body(body: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(5, 6), body, nn.Linear(6, 3)).double()


def centred() -> nn.Module:
    return Written(lambda m, x: m.head((x - x.mean(0)).tanh()), head=nn.Linear(5, 3)).double()


def _by_function() -> nn.Module:
    return Written(
        lambda m, x: m.head(functional.dropout(x, 0.5, training=True)), head=nn.Linear(5, 3)
    ).double()


def _unrelated() -> nn.Module:
    return Written(lambda _, x: x[:, :3].sin(), spare=nn.Linear(5, 3)).double()


def _several_types() -> nn.Module:
    model = network()
    model.get_submodule("2").float()
    return model


def _infinite() -> nn.Module:
    model = network()
    model.get_parameter("2.weight").data[1, 3] = torch.inf
    return model


def _named_inputs(name: str) -> ns.Examples:
    return ns.Examples(
        {name: draw_inputs(4)}, torch.arange(4) % 3, ids=[f"{name}{n}" for n in range(4)]
    )


def make_task(model: nn.Module | None = None, **changes: Any) -> ns.Task:  # noqa: ANN401
    given = {"loss": "cross_entropy", "readout": "logits", "lr": 1e-2, **changes}
    return ns.Task(model or network(), **given)


def measuring(task: ns.Task, *sides: ns.Examples, **options: Any) -> Callable[[], object]:  # noqa: ANN401
    return lambda: ns.measure_elasticity(task, *(sides or (draw_examples(),)), **options)


BF16 = deepcopy(network()).to(torch.bfloat16)
OUTSIDE = torch.tensor([0, 3, 1, 2])
NEGATIVE = torch.tensor([0, 1, -100, 2])
MSE = {"loss": "mse", "readout": "output"}
BCE = {"loss": "bce", "readout": "logits"}

MODELS = {
    "batch norm": (
        _with_body(nn.BatchNorm1d(6)),
        "1 is BatchNorm in training mode, which mixes the examples of a batch; "
        "call model.eval() first",
    ),
    "batch norm without statistics": (
        _with_body(nn.BatchNorm1d(6, track_running_stats=False)).eval(),
        "1 is BatchNorm without running statistics, which mixes",
    ),
    "instance norm": (
        Written(
            lambda m, x: m.head(m.norm(x.unsqueeze(1))[:, 0]),
            norm=nn.InstanceNorm1d(1, track_running_stats=True),
            head=nn.Linear(5, 3),
        ).double(),
        "norm is InstanceNorm in training mode, which changes as it runs; call model.eval()",
    ),
    "dropout": (
        _with_body(nn.Dropout(0.5)),
        "1 is active dropout; call model.eval() first",
    ),
    "dropout by function": (
        _by_function().eval(),
        "two different outputs for the same inputs; turn off whatever is random",
    ),
    "mixing": (
        centred(),
        "mixes examples: the output of one alone and in company differ by",
    ),
    "embedding renormalized": (
        nn.Sequential(nn.Embedding(5, 3, max_norm=1.0)),
        "0 is an embedding with max_norm, which makes its update depend on more than the gradient",
    ),
    "infinite weight": (
        _infinite(),
        "2.weight has 1 of 18 numbers that are not finite; did training diverge?",
    ),
    "nothing trainable": (
        network().requires_grad_(False),
        "no trainable parameter to measure: 4 are frozen and 0 do not match *; set requires_grad",
    ),
    "output depends on nothing": (
        _unrelated(),
        "output depends on none of the parameters to measure (spare.weight, spare.bias)",
    ),
    "bfloat16": (
        BF16,
        "parameters are torch.bfloat16; give options=MeasurementOptions(dtype='float32')",
    ),
    "several types": (
        _several_types(),
        "parameters are of several types (torch.float32, torch.float64); give "
        "options=MeasurementOptions(dtype='float64')",
    ),
    "first axis": (
        Written(lambda m, x: m.head(x).sum(0), head=nn.Linear(5, 3)).double(),
        "gave an output of shape (3,) for 4 examples; its first axis should be the examples",
    ),
    "no tensor": (
        Written(lambda m, x: [m.head(x)], head=nn.Linear(5, 3)).double(),
        "the model returned a list; it should return one tensor",
    ),
}

CALLS = {
    "pattern": (
        measuring(make_task(lr=None, update=ns.SGD(0.1, "fc9.*"))),
        "no parameter matches 'fc9.*'; the names are 0.weight",
    ),
    "source inputs": (
        measuring(make_task(), _spoilt(draw_examples(), 0)),
        "the input of source number 0 is not finite; leave such examples out or fill them in",
    ),
    "probe inputs": (
        measuring(make_task(), draw_examples(), _spoilt(draw_examples(9, seed=1), 7)),
        "the input of probe number 7 is not finite",
    ),
    "named inputs": (
        measuring(make_task(), _named_inputs("left"), _named_inputs("right")),
        "sources have left and probes right as inputs; give both the same",
    ),
    "source labels": (
        measuring(make_task(), draw_examples(4, OUTSIDE)),
        "labels of the sources run from 0 to 3, but the model has 3 outputs; labels must lie "
        "from 0 to 2",
    ),
    "negative source labels": (
        measuring(make_task(), draw_examples(4, NEGATIVE)),
        "labels of the sources run from -100 to 2",
    ),
    "probe labels": (
        measuring(
            make_task(readout="label_logit"), draw_examples(), draw_examples(4, OUTSIDE, seed=1)
        ),
        "labels of the probes run from 0 to 3",
    ),
    "labels of a loss on values": (
        measuring(make_task(**MSE), draw_examples(4, OUTSIDE)),
        "labels of the sources run from 0 to 3, but the model has 3 outputs",
    ),
    "labels that are no whole numbers": (
        measuring(make_task(), draw_examples(4, torch.rand(4, 3).double())),
        "loss 'cross_entropy' needs whole class numbers (example,)",
    ),
    "probabilities": (
        measuring(
            make_task(network(1), **BCE), draw_examples(4, torch.tensor([0.0, 1.0, -1.0, 1.0]))
        ),
        "targets of the sources run from -1 to 1; loss 'bce' needs targets from 0 to 1",
    ),
    "targets not finite": (
        measuring(
            make_task(network(1), **MSE), draw_examples(4, torch.tensor([0.0, torch.nan, 1.0, 1.0]))
        ),
        "targets of the sources are not finite; give every source a target",
    ),
    "targets of another shape": (
        measuring(make_task(**MSE), draw_examples(4, torch.rand(4, 2).double())),
        "output has shape (2, 3) and the targets (2, 2); give one target for each output",
    ),
    "shape": (
        measuring(make_task(), draw_examples(), ns.Examples(torch.zeros(4, 6))),
        "one source has shape (5,) and one probe (6,); give both the same shape",
    ),
    "kind of number": (
        measuring(make_task(), draw_examples(), ns.Examples(torch.zeros(4, 5, dtype=torch.int64))),
        "sources are torch.float64 and probes torch.int64; give both numbers of the same kind",
    ),
    "source targets": (
        measuring(make_task(), ns.Examples(draw_inputs(4))),
        "a source needs targets and these examples have none; pass targets=...",
    ),
    "probe targets for a readout": (
        measuring(
            make_task(readout="label_logit"), draw_examples(), ns.Examples(draw_inputs(4, seed=1))
        ),
        "readout of a probe needs targets and these examples have none",
    ),
    "probe targets for a measure": (
        measuring(
            make_task(),
            draw_examples(),
            ns.Examples(draw_inputs(4, seed=1)),
            measure="cosine",
        ),
        "a probe needs targets",
    ),
    "loss of a batch": (
        measuring(make_task(loss=lambda output, _: output.square().mean(), readout="output")),
        "the loss gave shape () for 2 examples; it should give one number for each example "
        "(reduction='none')",
    ),
    "measure": (
        measuring(make_task(), measure="similarity"),
        "unknown measure 'similarity'; use one of relative, kernelized, refined, loss_change, "
        "cosine, tangent_kernel",
    ),
    "step": (
        measuring(make_task(), step="second_order"),
        "step is 'second_order'; use 'exact' or 'first_order'",
    ),
    "device": (
        measuring(make_task(), device="quantum"),
        "device is 'quantum'; give 'auto', 'cpu' or 'cuda'",
    ),
    "memory": (
        measuring(make_task(), memory="lots"),
        "memory is 'lots'; give a size such as '2GB'",
    ),
    "too little memory": (
        measuring(make_task(), memory="3MB"),
        "memory is 3MB; give at least 16MB",
    ),
    "no learning rate": (
        measuring(make_task(lr=None)),
        "measure 'relative' takes a step; give the task lr=..., such as lr=1e-3",
    ),
    "refined without probabilities": (
        measuring(make_task(**MSE), measure="refined"),
        "measure 'refined' compares predicted probabilities, and loss 'mse' defines none; use "
        "loss='cross_entropy' or 'bce'",
    ),
    "kernelized of several outputs": (
        measuring(make_task(), measure="kernelized"),
        "measure 'kernelized' divides by the slope of the loss in the model's only output, and "
        "this model has several",
    ),
    "kernelized of one of several outputs": (
        measuring(make_task(readout="label_logit"), measure="kernelized", step="first_order"),
        "this model has several",
    ),
}
