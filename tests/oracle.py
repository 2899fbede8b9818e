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

# Each gives one loss for each example, (example,).
LOSSES: dict[str, OfOutput] = {
    "mse": lambda output, target: rows(output - target).square().mean(1),
    "bce": lambda output, target: rows(
        functional.binary_cross_entropy_with_logits(output, target, reduction="none")
    ).mean(1),
    "cross_entropy": lambda output, target: functional.cross_entropy(
        output, target, reduction="none"
    ),
}
# By loss, then by name; each gives a matrix (example, output).
READOUTS: dict[str, dict[str, OfOutput]] = {
    "mse": {
        "output": lambda output, _: rows(output),
        "loss": lambda output, target: LOSSES["mse"](output, target)[:, None],
    },
    "bce": {
        "output": lambda output, _: rows(output),
        "logits": lambda output, _: rows(output),
        "probabilities": lambda output, _: 1 / (1 + (-rows(output)).exp()),
        "log_probabilities": lambda output, _: -(1 + (-rows(output)).exp()).log(),
        "label_logit": lambda output, target: rows(torch.where(target > 0.5, output, -output)),
        "loss": lambda output, target: LOSSES["bce"](output, target)[:, None],
    },
    "cross_entropy": {
        "output": lambda output, _: output,
        "logits": lambda output, _: output,
        "probabilities": lambda output, _: output.exp() / output.exp().sum(1, keepdim=True),
        "log_probabilities": lambda output, _: output - output.exp().sum(1, keepdim=True).log(),
        "label_logit": lambda output, target: output[torch.arange(len(output)), target][:, None],
        "loss": lambda output, target: LOSSES["cross_entropy"](output, target)[:, None],
    },
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
    """Return the readouts after an SGD step on one source, minus before: (probe, output)."""
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


def relative_elasticity(
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
    """Return each response's size as a share of the source's own: (source, probe)."""
    found = responses(model, loss_fn, readout_fn, xs, ys, xp, yp, lr, names).norm(dim=2)
    own = [response(model, loss_fn, readout_fn, x, y, x, y, lr, names) for x, y in each(xs, ys)]
    return found / torch.stack(own).norm(dim=2)


def jacobians(
    model: nn.Module,
    readout_fn: OfOutput,
    xs: Inputs,
    ys: Tensor,
    names: Collection[str] | None = None,
) -> dict[str, Tensor]:
    """Return the gradients of each example's readouts, by parameter: (example, output, weight)."""
    weights = chosen(model, names)
    found: dict[str, list[Tensor]] = {name: [] for name in weights}
    for x, y in each(xs, ys):
        for value in readout_fn(predict(model, x), y)[0]:
            for name, row in zip(found, gradient(value, weights.values()), strict=True):
                found[name].append(row)
    return {name: torch.stack(row).unflatten(0, (len(ys), -1)) for name, row in found.items()}


def loss_gradients(
    model: nn.Module,
    loss_fn: OfOutput,
    xs: Inputs,
    ys: Tensor,
    names: Collection[str] | None = None,
) -> dict[str, Tensor]:
    """Return the gradient of the loss of each example, by parameter: (example, weight)."""
    found = jacobians(model, lambda o, t: loss_fn(o, t).reshape(1, 1), xs, ys, names)
    return {name: row[:, 0] for name, row in found.items()}


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
    found: tuple[Tensor | None, ...] = (None,) * len(weights)
    if value.requires_grad:
        found = torch.autograd.grad(value, weights, retain_graph=True, allow_unused=True)
    return [
        torch.zeros_like(weight).flatten() if row is None else row.to_dense().flatten()
        for weight, row in zip(weights, found, strict=True)
    ]


def rows(values: Tensor) -> Tensor:
    """Return one row for each example."""
    return values.reshape(len(values), -1)
