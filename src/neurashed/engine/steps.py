"""Steps on single examples, in the low-rank form in which their gradients come.

The gradient of one example in a linear layer is ``Σ_t d_t ⊗ a_t``. The stepped layer is applied as
``W x − η Σ_t (a_t · x) d_t``, so its weight is never copied for each source. Every other parameter
gets its stepped value.
"""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from neurashed.engine.batches import Inputs, with_batch_axis
from neurashed.engine.batching import run_batched
from neurashed.engine.calls import Call
from neurashed.engine.costs import measure_layer
from neurashed.engine.discovery import Site
from neurashed.engine.layer_rows import LayerRows
from neurashed.engine.layers import Layer
from neurashed.engine.rows import LinearRows
from neurashed.engine.subject import Subject
from neurashed.engine.watching import RECTIFIERS, ParameterWatch

__all__ = ["SteppedModel", "Steps", "is_low_rank", "make_steps", "num_dense"]

# Changes of the parameters, each with the sources on the first axis: under "a:name" and "d:name"
# the factors of a low-rank layer, already times the learning rate; else the change itself.
Steps = dict[str, Tensor]
_INPUTS, _GRADS = "a:", "d:"


def is_low_rank(subject: Subject, layer: Layer) -> bool:
    """Whether a layer's step is cheaper to apply by its factors than to form."""
    if layer.kind != "linear" or not layer.has_weight:
        return False
    size = measure_layer(layer, subject.discovery.sites)
    return size.positions * (size.inputs + size.outputs) <= size.inputs * size.outputs


def num_dense(subject: Subject) -> int:
    """How many numbers are kept for each source: stepped parameters and factors."""
    total = 0
    for layer in subject.layers:
        size = measure_layer(layer, subject.discovery.sites)
        if is_low_rank(subject, layer):
            total += size.positions * (size.inputs + size.outputs)
        else:
            total += layer.num_parameters
    return total


def make_steps(subject: Subject, rows: Mapping[str, LayerRows], lr: float) -> Steps:
    """Turn the gradients of the sources' losses into changes of the parameters.

    Args:
        subject: The task.
        rows: Rows of every layer with the loss as the only cotangent.
        lr: Learning rate.

    Returns:
        The changes.
    """
    steps: Steps = {}
    for layer in subject.layers:
        own = rows[layer.name]
        if is_low_rank(subject, layer) and isinstance(own, LinearRows):
            steps[_INPUTS + layer.parameters[0]] = own.inputs
            steps[_GRADS + layer.parameters[0]] = own.grads[:, 0] * -lr
            continue
        sizes = [prod(shape) for shape in layer.shapes]
        columns = own.gradients(0).mul(-lr).split(sizes, 1)
        for name, column, shape in zip(layer.parameters, columns, layer.shapes, strict=True):
            steps[name] = column.reshape(-1, *shape)
    return steps


class _LowRankCalls(ParameterWatch):
    """Applies the factors of a step in every call of a low-rank layer.

    A bias that belongs to the layer acts as one more input that is always 1. Where the input of a
    call is the same for every source, its product with the weight is taken from ``shared``, or put
    there. Where an output only goes into a ReLU, the ReLU overwrites it.
    """

    def __init__(
        self,
        subject: Subject,
        names: Mapping[int, tuple[str, bool]],
        step: Steps,
        *,
        sites: Sequence[Site],
        shared: dict[int, Tensor],
    ) -> None:
        super().__init__(subject.parameters[name] for name, _ in names.values())
        self._names = names
        self._step = step
        self._sites = sites
        self._shared = shared
        self._count = 0
        self._rectified: Tensor | None = None

    def visit_other(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:  # noqa: ANN401
        if function in RECTIFIERS and args and args[0] is self._rectified:
            return torch.relu_(args[0])
        return function(*args, **kwargs)

    def visit_call(
        self,
        call: Call,
        function: Callable[..., Any],  # noqa: ARG002
        args: tuple[Any, ...],  # noqa: ARG002
        kwargs: dict[str, Any],  # noqa: ARG002
    ) -> Tensor:
        number, self._count = self._count, self._count + 1
        site = self._sites[number] if number < len(self._sites) else None
        name, has_bias = self._names[id(call.weight)]
        base = self._shared.get(number)
        if base is None:
            own_bias = call.bias if has_bias else None
            base = F.linear(call.input, call.weight, own_bias)  # pyright: ignore[reportArgumentType]
            if site is not None and site.shares_input:
                self._shared[number] = base
        if call.bias is not None and not has_bias:
            base = base + call.bias
        inputs, grads = self._step[_INPUTS + name], self._step[_GRADS + name]
        scale = call.input @ inputs.mT
        if has_bias:
            scale = scale + 1
        is_single = len(grads) == 1
        output = torch.addcmul(base, scale, grads) if is_single else (scale @ grads).add_(base)
        self._rectified = output if site is not None and site.is_rectified else None
        return output


class SteppedModel:
    """Runs a task's model after each of several steps at once."""

    def __init__(self, subject: Subject) -> None:
        """Find the layers that are applied by their factors."""
        layers = [layer for layer in subject.layers if is_low_rank(subject, layer)]
        self._subject = subject
        self._names = {
            id(subject.parameters[layer.parameters[0]]): (layer.parameters[0], layer.has_bias)
            for layer in layers
        }
        weights = {layer.parameters[0] for layer in layers}
        self._sites = [site for site in subject.discovery.sites if site.weight in weights]
        self._can_batch = True

    def no_step(self) -> Steps:
        """The step that changes nothing, for one source."""
        zeros: Steps = {}
        for layer in self._subject.layers:
            low_rank = is_low_rank(self._subject, layer)
            for name, shape in zip(layer.parameters, layer.shapes, strict=True):
                like = self._subject.parameters[name].detach()
                if not low_rank:
                    zeros[name] = like.new_zeros(1, *shape)
                elif name == layer.parameters[0]:
                    zeros[_INPUTS + name] = like.new_zeros(1, 1, shape[1])
                    zeros[_GRADS + name] = like.new_zeros(1, 1, shape[0])
        return zeros

    def readouts(
        self,
        steps: Steps,
        inputs: Inputs,
        targets: Tensor,
        shared: dict[int, Tensor],
    ) -> Tensor:
        """Return the readouts of probes after each step.

        Args:
            steps: The steps, of S sources.
            inputs: Inputs of the probes.
            targets: Their targets.
            shared: Products that do not depend on the step, by the order of their calls; filled
                at the first use with the same probes.

        Returns:
            ``(source, probe, output)``.
        """
        return self._each(lambda step: self._read(step, inputs, targets, shared), steps)

    def own_readouts(self, steps: Steps, inputs: Inputs, targets: Tensor) -> Tensor:
        """Return the readout of each source after its own step, ``(source, output)``."""

        def read(step: Steps, own: Inputs, target: Tensor) -> Tensor:
            return self._read(step, with_batch_axis(own), target.unsqueeze(0), None)[0]

        return self._each(read, steps, inputs, targets)

    def _each(self, read: Callable[..., Tensor], *batched: Any) -> Tensor:  # noqa: ANN401
        count = len(next(iter(batched[0].values())))
        if self._can_batch and count > 1:
            try:
                return run_batched(read, *batched)
            except RuntimeError:
                self._can_batch = False  # a model that vmap cannot run takes one step at a time
        rows = [read(*(_index(tree, index) for tree in batched)) for index in range(count)]
        return torch.stack(rows)

    def _read(
        self,
        step: Steps,
        inputs: Inputs,
        targets: Tensor,
        shared: dict[int, Tensor] | None,
    ) -> Tensor:
        subject = self._subject
        changed = {
            name: subject.parameters[name].detach() + change
            for name, change in step.items()
            if name in subject.parameters
        }
        sites = [] if shared is None else self._sites
        store: dict[int, Tensor] = {} if shared is None else shared
        with _LowRankCalls(subject, self._names, step, sites=sites, shared=store):
            return subject.readouts(changed, inputs, targets)


def _index(tree: Any, index: int) -> Any:  # noqa: ANN401
    if isinstance(tree, dict):
        return {name: value[index] for name, value in tree.items()}
    return tree[index]
