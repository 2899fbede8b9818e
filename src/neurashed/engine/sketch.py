"""A sketch: short rows whose inner products estimate those of gradients, without bias."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neurashed.engine.layer_rows import LayerRows
from neurashed.engine.rows import DenseRows
from neurashed.engine.sketch_projection import (
    GradientShape,
    Projection,
    form_rows,
    project,
    projection_costs,
)
from neurashed.seeding import derive_seed

__all__ = ["LayerSketch", "Sketch"]


@dataclass(frozen=True)
class LayerSketch:
    """What stands for the gradient of one layer.

    Attributes:
        name: The layer.
        shape: Its gradient.
        dimension: Numbers that stand for it.
        is_exact: Whether they are the gradient itself.
        factors: Positions and groups of an example together, and inputs and outputs of each; zeros
            where the gradient does not come in factors.
    """

    name: str
    shape: GradientShape
    dimension: int
    is_exact: bool
    factors: tuple[int, int, int] = (0, 0, 0)

    def count_operations(self, num_cotangents: int) -> float:
        """Operations on one example before any product."""
        if self.is_exact:
            positions, inputs, outputs = self.factors
            return 2.0 * positions * inputs * outputs * num_cotangents
        costs = projection_costs(self.shape, self.factors, self.dimension, num_cotangents)
        return min(costs.values())


@dataclass(frozen=True)
class Sketch:
    """Random projections of every layer's gradient.

    The same seed gives the same projections, whatever is sketched together and wherever.

    Attributes:
        layers: What stands for each layer.
        seed: Names the random vectors.
        workspace: Numbers that may be held beside the result.
        expected_error: R.m.s. error of an inner product relative to the norms of both gradients
            that was expected of the examples on which the sketch was planned.
    """

    layers: tuple[LayerSketch, ...]
    seed: int
    workspace: int
    expected_error: float = float("nan")

    @property
    def dimension(self) -> int:
        """Numbers that stand for one gradient of the whole model."""
        return sum(layer.dimension for layer in self.layers)

    def apply(self, rows: Mapping[str, LayerRows]) -> dict[str, LayerRows]:
        """Sketch the rows of a run of examples.

        Args:
            rows: Rows by layer name, of any class.

        Returns:
            Rows of the layers' dimensions; those of small layers are the gradients themselves.
        """
        return {layer.name: self._sketch(layer, rows[layer.name]) for layer in self.layers}

    def _sketch(self, layer: LayerSketch, rows: LayerRows) -> DenseRows:
        if layer.is_exact:
            return form_rows(rows, layer.shape, self.workspace)
        seed = derive_seed(self.seed, "sketch", layer.name)
        return project(rows, Projection(layer.shape, layer.dimension, seed, self.workspace))

    def to_dict(self) -> dict[str, Any]:
        """Seed and dimensions as plain values."""
        return {
            "dimension": self.dimension,
            "seed": self.seed,
            "expected_error": self.expected_error,
            "layers": {
                layer.name: {
                    "dimension": layer.dimension,
                    "num_parameters": layer.shape.num_parameters,
                    "is_exact": layer.is_exact,
                }
                for layer in self.layers
            },
        }
