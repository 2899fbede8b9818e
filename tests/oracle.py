"""The slow, obvious versions: copy, step, subtract; and plain autograd, one number at a time.

Shares no code with the library. An example is a batch of one: a tensor, or a dict of tensors that
the model takes as keywords.
"""

from collections.abc import Callable, Collection, Iterable
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional

Inputs = Tensor | dict[str, Tensor]
OfOutput = Callable[[Tensor, Tensor], Tensor]

# Each gives one loss for an example, from its output and target.
LOSSES: dict[str, OfOutput] = {
    "mse": lambda output, target: (output - target).square().mean(),
    "bce": functional.binary_cross_entropy_with_logits,
    "cross_entropy": functional.cross_entropy,
}
# Each gives a matrix (example, output).
READOUTS: dict[str, OfOutput] = {
    "output": lambda output, _: output.reshape(len(output), -1),
    "probabilities": lambda output, _: output.softmax(1),
    "log_probabilities": lambda output, _: output.softmax(1).log(),
    "sigmoid": lambda output, _: 1 / (1 + (-output.reshape(len(output), -1)).exp()),
    "label_logit": lambda output, target: output[torch.arange(len(output)), target][:, None],
}


def response(
    model: nn.Module,
    loss_fn: OfOutput,
    readout_fn: OfOutput,
    source_x: Inputs,
    source_y: Tensor,
    probe_x: Inputs,
    probe_y: Tensor,
    lr: float,
    names: Collection[str] | None = None,
) -> Tensor:
    """Return the readouts after a really taken step on one source, minus before: (probe, output)."""
    stepped = deepcopy(model)
    loss_fn(predict(stepped, source_x), source_y).sum().backward()
    torch.optim.SGD(chosen(stepped, names).values(), lr=lr).step()
    with torch.no_grad():
        before = readout_fn(predict(model, probe_x), probe_y)
        return readout_fn(predict(stepped, probe_x), probe_y) - before


def responses(
    model: nn.Module,
    loss_fn: OfOutput,
    readout_fn: OfOutput,
    xs: Inputs,
    ys: Tensor,
    xp: Inputs,
    yp: Tensor,
    lr: float,
    names: Collection[str] | None = None,
) -> Tensor:
    """Return the response of every probe to a step on every source: (source, probe, output)."""
    pairs = each(xs, ys)
    return torch.stack([
        response(model, loss_fn, readout_fn, x, y, xp, yp, lr, names) for x, y in pairs
    ])


def jacobians(
    model: nn.Module,
    readout_fn: OfOutput,
    xs: Inputs,
    ys: Tensor,
    names: Collection[str] | None = None,
) -> dict[str, Tensor]:
    """Return the gradients of each example's readouts, by parameter: (example, output, weight)."""
    weights = chosen(model, names)
    rows: dict[str, list[Tensor]] = {name: [] for name in weights}
    for x, y in each(xs, ys):
        for value in readout_fn(predict(model, x), y)[0]:
            for name, row in zip(rows, gradient(value, weights.values()), strict=True):
                rows[name].append(row)
    count = len(each(xs, ys))
    return {name: torch.stack(row).unflatten(0, (count, -1)) for name, row in rows.items()}


def loss_gradients(
    model: nn.Module,
    loss_fn: OfOutput,
    xs: Inputs,
    ys: Tensor,
    names: Collection[str] | None = None,
) -> dict[str, Tensor]:
    """Return the gradient of the loss of each example, by parameter: (example, weight)."""
    rows = jacobians(model, lambda o, t: loss_fn(o, t).reshape(1, 1), xs, ys, names)
    return {name: row[:, 0] for name, row in rows.items()}


def per_parameter(
    model: nn.Module,
    readout_fn: OfOutput,
    xs: Inputs,
    ys: Tensor,
    xp: Inputs,
    yp: Tensor,
    names: Collection[str] | None = None,
) -> dict[str, Tensor]:
    """Return what each parameter adds to the tangent kernel: (source, probe, c, c')."""
    of_sources = jacobians(model, readout_fn, xs, ys, names)
    of_probes = jacobians(model, readout_fn, xp, yp, names)
    return {
        name: torch.einsum("scw,pdw->spcd", of_sources[name], of_probes[name])
        for name in of_sources
    }


def tangent_kernel(
    model: nn.Module,
    readout_fn: OfOutput,
    xs: Inputs,
    ys: Tensor,
    xp: Inputs,
    yp: Tensor,
    names: Collection[str] | None = None,
) -> Tensor:
    """Return the inner products of the readouts' gradients: (source, probe, c, c')."""
    return torch.stack([*per_parameter(model, readout_fn, xs, ys, xp, yp, names).values()]).sum(0)


def first_order_responses(
    model: nn.Module,
    loss_fn: OfOutput,
    readout_fn: OfOutput,
    xs: Inputs,
    ys: Tensor,
    xp: Inputs,
    yp: Tensor,
    lr: float,
    names: Collection[str] | None = None,
) -> Tensor:
    """Return the responses' derivative in the learning rate, times it: (source, probe, output)."""
    of_sources = loss_gradients(model, loss_fn, xs, ys, names)
    of_probes = jacobians(model, readout_fn, xp, yp, names)
    return -lr * torch.stack([
        torch.einsum("sw,pcw->spc", of_sources[name], of_probes[name]) for name in of_sources
    ]).sum(0)


def predict(model: nn.Module, x: Inputs) -> Tensor:
    output = model(**x) if isinstance(x, dict) else model(x)
    return output if isinstance(output, Tensor) else output.logits


def take(x: Inputs, index: slice | list[int]) -> Inputs:
    """Return some of the examples, as a batch."""
    return {key: value[index] for key, value in x.items()} if isinstance(x, dict) else x[index]


def each(xs: Inputs, ys: Tensor) -> list[tuple[Inputs, Tensor]]:
    """Return the examples one by one, each as a batch of one."""
    return [(take(xs, slice(i, i + 1)), ys[i : i + 1]) for i in range(len(ys))]


def chosen(model: nn.Module, names: Collection[str] | None) -> dict[str, nn.Parameter]:
    """Return the trainable parameters, or those of them that are named."""
    return {
        name: parameter
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and (names is None or name in names)
    }


def gradient(value: Tensor, weights: Iterable[nn.Parameter]) -> list[Tensor]:
    """Return one number's gradient for each parameter, flattened; zeros where unused."""
    weights = list(weights)
    if not value.requires_grad:
        return [torch.zeros_like(weight).flatten() for weight in weights]
    rows = torch.autograd.grad(value, weights, retain_graph=True, allow_unused=True)
    return [
        torch.zeros_like(weight).flatten() if row is None else row.flatten()
        for weight, row in zip(weights, rows, strict=True)
    ]
