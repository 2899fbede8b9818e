"""One forward and one backward pass that record, for each call, its inputs and output gradients."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from neurashed.engine.calls import Call
from neurashed.engine.convolution_rows import ConvolutionRows
from neurashed.engine.discovery import Discovery, Site
from neurashed.engine.layer_rows import LayerRows
from neurashed.engine.layers import Layer
from neurashed.engine.rows import (
    DenseRows,
    EmbeddingRows,
    LinearRows,
    SumRows,
)
from neurashed.engine.watching import ParameterWatch, replace_tensors
from neurashed.errors import InputError

__all__ = ["Recording", "record"]


# Calls on the way in which a tensor lies in memory, which the recorder changes.
_NEEDS_ITS_OWN_LAYOUT = frozenset({Tensor.view, Tensor.view_as, Tensor.as_strided})


def _quick_to_convolve(weight: Tensor) -> Tensor:
    """A kernel over two axes laid out channels last, and so all that follows it."""
    # Processors convolve, pool and form patches up to three times as fast so.
    if weight.ndim != 4 or weight.device.type != "cpu":
        return weight
    return weight.contiguous(memory_format=torch.channels_last)


def _has_channels_last(value: Tensor) -> bool:
    is_changed = value.ndim == 4 and not value.is_contiguous()
    return is_changed and value.is_contiguous(memory_format=torch.channels_last)


class _Anchor(torch.autograd.Function):
    """Makes a value that needs no gradient part of the graph, without a copy of it."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, anchor: Tensor) -> Tensor:  # noqa: ANN401, ARG004
        ctx.mark_dirty(value)
        return value

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[None, Tensor]:  # noqa: ANN401, ARG004
        return None, grads[0].new_zeros(())


@dataclass
class _Slot:
    """What one call leaves behind."""

    call: Call
    output: tuple[int, ...]
    grads: list[Tensor | None] = field(default_factory=list)
    stacked: Tensor | None = None


class _Recorder(ParameterWatch):
    """Runs the calls with detached weights and catches the gradients at their outputs.

    Parameters of the general route are replaced by stand-ins that require gradients, so that
    gradients still flow back through whatever depends on them.
    """

    def __init__(
        self, parameters: Mapping[str, nn.Parameter], layers: Sequence[Layer], num_sites: int
    ) -> None:
        super().__init__(parameters.values())
        recorded = {
            name for layer in layers if layer.kind != "general" for name in layer.parameters
        }
        self._direct = {id(value) for name, value in parameters.items() if name in recorded}
        self._num_sites = num_sites
        self._stand_ins: dict[int, Tensor] = {}
        self.anchors: list[Tensor] = []
        self.slots: list[_Slot] = []

    def _replace(self, value: Tensor) -> Tensor:
        if not isinstance(value, nn.Parameter):
            return value
        key = id(value)
        if key not in self.watched or key in self._direct:
            return _quick_to_convolve(value.detach())
        if key not in self._stand_ins:
            self._stand_ins[key] = value.detach().requires_grad_()
            self.anchors.append(self._stand_ins[key])
        return self._stand_ins[key]

    def visit_other(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:  # noqa: ANN401
        args, kwargs = replace_tensors((args, kwargs), self._replace)
        if function in _NEEDS_ITS_OWN_LAYOUT and _has_channels_last(args[0]):
            args = (args[0].contiguous(), *args[1:])
        return function(*args, **kwargs)

    def visit_call(
        self,
        call: Call,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Tensor:
        output = self.visit_other(function, args, kwargs)
        slot = _Slot(call, tuple(output.shape))
        self.slots.append(slot)
        if len(self.slots) > self._num_sites:
            message = (
                "the model made other calls than on its first two examples; a model whose calls "
                "depend on the data cannot be measured"
            )
            raise InputError(message)
        if not ({id(call.weight), id(call.bias)} & self._direct and torch.is_grad_enabled()):
            return output
        if not output.requires_grad:
            anchor = output.new_zeros((), requires_grad=True)
            self.anchors.append(anchor)
            output = _Anchor.apply(output.detach(), anchor)
        elif output._is_view():
            output = output.clone()  # an in-place call on a view would cut the hook off
        output.grad_fn.register_prehook(lambda grads: slot.grads.append(grads[0]))
        return output


@dataclass(frozen=True)
class Recording:
    """Rows of every recorded layer for a run of examples, and their cotangent values.

    Attributes:
        rows: Rows by layer name; layers of the general route are not among them.
        values: The values whose gradients the rows hold, ``(example, cotangent)``.
    """

    rows: dict[str, LayerRows]
    values: Tensor


def record(
    cotangents: Callable[[], Tensor],
    discovery: Discovery,
    layers: Sequence[Layer],
    parameters: Mapping[str, nn.Parameter],
) -> Recording:
    """Run forward once and backward once for each cotangent.

    Args:
        cotangents: Runs the model on a batch and returns ``(example, cotangent)``, the values to be
            differentiated, each depending on its own example only.
        discovery: How the model uses its parameters.
        layers: The layers to record.
        parameters: The parameters that are watched, by name.

    Returns:
        The rows of every layer that is not general.
    """
    recorder = _Recorder(parameters, layers, len(discovery.sites))
    with torch.enable_grad():
        with recorder:
            values = cotangents()
        _run_backward(values, recorder)
    rows: dict[str, LayerRows] = {}
    for layer in layers:
        if layer.kind != "general":
            terms = [
                _rows(layer, discovery.sites[index], recorder.slots[index]) for index in layer.sites
            ]
            rows[layer.name] = _merge(layer, terms)
    return Recording(rows, values.detach())


def _run_backward(values: Tensor, recorder: _Recorder) -> None:
    num_cotangents = values.shape[1]
    seeds = torch.eye(num_cotangents, dtype=values.dtype, device=values.device)
    for cotangent in range(num_cotangents):
        if values.requires_grad and recorder.anchors:
            torch.autograd.grad(
                values,
                recorder.anchors,
                seeds[cotangent].expand_as(values),
                retain_graph=cotangent + 1 < num_cotangents,
                allow_unused=True,
            )
        for slot in recorder.slots:
            if len(slot.grads) == cotangent:  # the output does not reach this value
                slot.grads.append(None)


def _stack(slot: _Slot, site: Site) -> Tensor:
    """Gradients at a call's output, ``(example, cotangent, folded, ...)``."""
    if slot.stacked is not None:
        return slot.stacked
    layout = site.layout
    if layout is None:
        message = "a call whose examples were not found was recorded"
        raise AssertionError(message)
    grads = [
        slot.call.input.new_zeros(slot.output, dtype=_dtype(slot)) if grad is None else grad
        for grad in slot.grads
    ]
    brought = [layout.bring_forward(grad.detach()) for grad in grads]
    slot.stacked = brought[0].unsqueeze(1) if len(brought) == 1 else torch.stack(brought, 1)
    slot.grads.clear()  # so that each is held once
    return slot.stacked


def _dtype(slot: _Slot) -> torch.dtype:
    weight = slot.call.weight if slot.call.weight is not None else slot.call.bias
    return slot.call.input.dtype if weight is None else weight.dtype


def _rows(layer: Layer, site: Site, slot: _Slot) -> LayerRows:
    grads = _stack(slot, site)
    if site.layout is None:
        message = "a call whose examples were not found was recorded"
        raise AssertionError(message)
    if site.kind == "affine":
        return _affine_rows(layer, site, slot, grads)
    inputs = site.layout.bring_forward(slot.call.input.detach())
    if site.kind == "linear":
        inputs, grads = inputs.flatten(1, -2), grads.flatten(2, -2)
        return LinearRows(inputs, grads, layer.has_weight, layer.has_bias)
    if site.kind == "embedding":
        return _embedding_rows(slot, inputs.flatten(1), grads.flatten(2, -2))
    rows = ConvolutionRows(
        inputs.movedim(2, -1), grads.movedim(3, -1),
        layer.has_weight, layer.has_bias, slot.call.options,
    )  # fmt: skip
    return _form_if_shorter(rows)


def _form_if_shorter(rows: ConvolutionRows) -> LayerRows:
    """Form gradients at once where they are no more numbers than those at the outputs."""
    if rows.num_parameters > rows.grads[0, 0].numel():
        return rows
    formed = [rows.gradients(k) for k in range(rows.num_cotangents)]
    return DenseRows(formed[0].unsqueeze(1) if len(formed) == 1 else torch.stack(formed, 1))


def _embedding_rows(slot: _Slot, tokens: Tensor, grads: Tensor) -> EmbeddingRows:
    weight, padding = slot.call.weight, slot.call.options["padding_idx"]
    if weight is None:
        message = "an embedding without a weight was recorded"
        raise AssertionError(message)
    if padding is not None:
        tokens = torch.where(tokens == padding, -1, tokens)
    return EmbeddingRows(tokens, grads, weight.shape[0])


def _affine_rows(layer: Layer, site: Site, slot: _Slot, grads: Tensor) -> DenseRows:
    """Scale and shift of a norm: sums over positions, the scale's weighted by what is scaled."""
    trailing = slot.call.options["trailing"]
    parts = []
    if layer.has_weight and site.layout is not None:
        with torch.no_grad():
            scaled = site.layout.bring_forward(slot.call.options["normalize"]()).unsqueeze(1)
        parts.append(_sum_positions(grads * scaled, trailing))
    if layer.has_bias:
        parts.append(_sum_positions(grads, trailing))
    return DenseRows(torch.cat(parts, 2) if len(parts) > 1 else parts[0])


def _sum_positions(value: Tensor, trailing: int | None) -> Tensor:
    """Sum ``(example, cotangent, folded, ...)`` over all axes but the scaled ones."""
    if trailing is None:
        summed = [axis for axis in range(2, value.ndim) if axis != 3]
    else:
        summed = list(range(2, value.ndim - trailing))
    return (value.sum(summed) if summed else value).flatten(2)


def _merge(layer: Layer, terms: list[LayerRows]) -> LayerRows:
    """Put the calls of one layer together; positions of linear calls lie side by side."""
    if len(terms) == 1:
        return terms[0]
    if layer.kind == "linear" and layer.has_weight:
        linear = [term for term in terms if isinstance(term, LinearRows)]
        inputs = torch.cat([term.inputs for term in linear], 1)
        grads = torch.cat([term.grads for term in linear], 2)
        return LinearRows(inputs, grads, layer.has_weight, layer.has_bias)
    return SumRows(tuple(terms))
