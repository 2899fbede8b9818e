"""Per-example gradients of parameters used in calls of no known form, by `torch.func`."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.func import grad

from neurashed.engine.batches import Batch, Inputs, take, with_batch_axis
from neurashed.engine.batching import run_batched
from neurashed.engine.layers import Layer

__all__ = ["GeneralGradients"]

Values = Callable[[Mapping[str, Tensor], Inputs, Tensor], Tensor]


class GeneralGradients:
    """Gradients of one layer for a run of examples, one cotangent at a time.

    A model that `torch.func.vmap` cannot run is differentiated one example at a time.
    """

    def __init__(
        self,
        values: Values,
        layer: Layer,
        parameters: Mapping[str, Tensor],
        batch: Batch,
        *,
        chunk: int,
    ) -> None:
        """Keep what is needed to compute a gradient.

        Args:
            values: Maps replaced parameters, inputs and targets to ``(example, cotangent)``.
            layer: The layer.
            parameters: All watched parameters by name.
            batch: Inputs and targets of the examples.
            chunk: How many examples to differentiate at a time.
        """
        self._values = values
        self._layer = layer
        self._own = {name: parameters[name].detach() for name in layer.parameters}
        self._batch = batch
        self._chunk = chunk
        self._kept: dict[tuple[int, int, int], Tensor] = {}

    def __call__(self, cotangent: int, start: int, stop: int) -> Tensor:
        """Return the gradients ``(example, P)`` of examples ``start`` to ``stop``."""
        key = (cotangent, start, stop)
        if key not in self._kept:
            inputs, targets = take(self._batch, slice(start, stop))
            try:
                gradients = self._by_vmap(cotangent, inputs, targets)
            except RuntimeError:
                gradients = self._one_by_one(cotangent, inputs, targets)
            # The last block is asked for again by each block of the other side.
            columns = [gradients[name].reshape(stop - start, -1) for name in self._own]
            self._kept = {key: torch.cat(columns, 1)}
        return self._kept[key]

    def _by_vmap(self, cotangent: int, inputs: Inputs, targets: Tensor) -> dict[str, Tensor]:
        def value(own: dict[str, Tensor], one: Inputs, target: Tensor) -> Tensor:
            values = self._values(own, with_batch_axis(one), target.unsqueeze(0))
            return values[0, cotangent]

        axes = (None, 0, 0)
        with torch.no_grad():  # the other parameters are the model's own: no graph is kept of them
            return run_batched(
                grad(value), self._own, inputs, targets, in_dims=axes, chunk=self._chunk
            )

    def _one_by_one(self, cotangent: int, inputs: Inputs, targets: Tensor) -> dict[str, Tensor]:
        rows: list[tuple[Tensor, ...]] = []
        for index in range(len(targets)):
            own = {name: value.clone().requires_grad_() for name, value in self._own.items()}
            one = take((inputs, targets), slice(index, index + 1))
            with torch.enable_grad():
                value = self._values(own, *one)[0, cotangent]
                grads = torch.autograd.grad(value, list(own.values()), allow_unused=True)
            rows.append(
                tuple(
                    torch.zeros_like(v) if g is None else g.to_dense()
                    for g, v in zip(grads, own.values(), strict=True)
                )
            )
        return {
            name: torch.stack(column)
            for name, column in zip(self._own, zip(*rows, strict=True), strict=True)
        }
