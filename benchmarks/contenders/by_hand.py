"""Sixty lines by hand, layer by layer: what someone who knows the network would write."""

import torch
from problem import Problem, Run
from torch import Tensor, nn
from torch.nn.functional import unfold
from torch_problem import TorchProblem, torch_problem

LAYERS = (nn.Linear, nn.Conv2d, nn.BatchNorm2d)
CHUNK = 64

Calls = dict[nn.Module, tuple[Tensor, Tensor]]


def _scalars(torch_side: TorchProblem, outputs: Tensor) -> list[Tensor]:
    if torch_side.workload.quantity == "loss_gradients":
        return [torch_side.loss(outputs, torch_side.targets)]
    return list(outputs.sum(0))


def _forward(torch_side: TorchProblem) -> tuple[Calls, Tensor]:
    """Inputs and output of each layer, and the outputs of the network."""
    calls: Calls = {}

    def record(layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        calls[layer] = (inputs[0].detach(), output)

    layers = [layer for layer in torch_side.model.modules() if isinstance(layer, LAYERS)]
    handles = [layer.register_forward_hook(record) for layer in layers]
    outputs = torch_side.model(torch_side.inputs)
    for handle in handles:
        handle.remove()
    return calls, outputs


def _convolution_gradients(layer: nn.Conv2d, inputs: Tensor, grads: Tensor) -> Tensor:
    rows = inputs.new_empty(len(inputs), sum(p.numel() for p in layer.parameters()))
    num_weights = layer.weight.numel()
    for start in range(0, len(inputs), CHUNK):
        part = slice(start, start + CHUNK)
        size = layer.kernel_size, layer.dilation, layer.padding, layer.stride
        patches = unfold(inputs[part], *size)
        products = torch.bmm(grads[part].flatten(2), patches.transpose(1, 2))
        rows[part, :num_weights] = products.flatten(1)
    if layer.bias is not None:
        rows[:, num_weights:] = grads.sum((2, 3))
    return rows


def _norm_gradients(layer: nn.BatchNorm2d, inputs: Tensor, grads: Tensor) -> Tensor:
    scale = (layer.running_var + layer.eps).rsqrt()
    scaled = (inputs - layer.running_mean[:, None, None]) * scale[:, None, None]
    return torch.cat([(grads * scaled).sum((2, 3)), grads.sum((2, 3))], dim=1)


def _block(layer: nn.Module, inputs: Tensor, grads: Tensor) -> Tensor:
    if isinstance(layer, nn.Linear):
        return (inputs @ inputs.T + 1) * (grads @ grads.T)
    is_convolution = isinstance(layer, nn.Conv2d)
    rows = (_convolution_gradients if is_convolution else _norm_gradients)(layer, inputs, grads)
    return rows @ rows.T


def _gram(torch_side: TorchProblem) -> Tensor:
    calls, outputs = _forward(torch_side)
    total = torch.zeros(len(outputs), len(outputs))
    layer_outputs = [output for _, output in calls.values()]
    for scalar in _scalars(torch_side, outputs):
        grads = torch.autograd.grad(scalar, layer_outputs, retain_graph=True)
        for (layer, (inputs, _)), grad in zip(calls.items(), grads, strict=True):
            total += _block(layer, inputs, grad)
    return total


def prepare(problem: Problem) -> Run:
    """All examples in one pass."""
    problem.refuse_relative()
    problem.refuse_full()
    torch_side = torch_problem(problem)
    return lambda: _gram(torch_side)
