"""What a manifold is, and two of them as two classes of examples."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float

from neurashed.data.examples import Examples
from neurashed.errors import InputError

__all__ = ["Manifold", "ManifoldPair", "ManifoldSample"]

_LABELS = ("negative", "positive")


@runtime_checkable
class Manifold(Protocol):
    """A curve or a surface whose points are known by parameters, with distances along it.

    Parameters come as ``(point, parameter)`` even where there is one, such as an angle.
    """

    def draw(
        self, num_points: int, *, generator: np.random.Generator
    ) -> Float[np.ndarray, "point parameter"]:
        """Draw the parameters of some points."""
        ...

    def embed(
        self, parameters: Float[np.ndarray, "point parameter"]
    ) -> Float[np.ndarray, "point coordinate"]:
        """Return where points are in space."""
        ...

    def geodesic(
        self,
        parameters: Float[np.ndarray, "point parameter"],
        others: Float[np.ndarray, "other parameter"],
    ) -> Float[np.ndarray, "point other"]:
        """Return the length of the shortest path on the manifold between points and others."""
        ...

    def proxy(
        self,
        parameters: Float[np.ndarray, "point parameter"],
        others: Float[np.ndarray, "other parameter"],
    ) -> Float[np.ndarray, "point other"]:
        """Return what the authors' code takes for the geodesic distance, in its own units."""
        ...


@dataclass(frozen=True, eq=False)
class ManifoldSample:
    """Examples drawn from a pair of manifolds, and where on them they are.

    Attributes:
        examples: Points of space in float32, targets 1.0 (positive) and 0.0 (negative) and the
            labels ``"positive"`` and ``"negative"``.
        parameters: Parameters of each example on its own manifold ``(example, parameter)``.
    """

    examples: Examples
    parameters: np.ndarray

    def select(self, indices: Any) -> "ManifoldSample":  # noqa: ANN401, as `Examples.select`
        """Return some of the examples with their parameters, chosen as in `Examples.select`."""
        return ManifoldSample(self.examples.select(indices), self.parameters[indices])


@dataclass(frozen=True, eq=False)
class ManifoldPair:
    """Two manifolds that a network is to tell apart.

    Attributes:
        name: One word or several with underscores.
        positive: The manifold of the class with target 1.
        negative: The manifold of the class with target 0.
    """

    name: str
    positive: Manifold
    negative: Manifold

    def sample(self, num_examples: int, *, generator: np.random.Generator) -> ManifoldSample:
        """Draw examples, half of them from each manifold, the positive ones first.

        Args:
            num_examples: How many; an even number.
            generator: Where the points come from.

        Returns:
            The examples with ids 0, 1, 2, ... and their parameters.

        Raises:
            InputError: If the number is odd or too small.

        Example:
            >>> from neurashed.data.manifolds import torus
            >>> sample = torus().sample(6, generator=np.random.default_rng(0))
            >>> sample.examples
            Examples(6 examples, inputs (3,) float32, targets float32, 2 labels)
            >>> sample.examples.targets
            tensor([1., 1., 1., 0., 0., 0.])
            >>> sample.parameters.shape
            (6, 1)
        """
        if num_examples < 2 or num_examples % 2:
            message = (
                f"num_examples is {num_examples}; give an even number of at least 2, one half for "
                "each manifold"
            )
            raise InputError(message)
        both = (self.positive, self.negative)
        parameters = [each.draw(num_examples // 2, generator=generator) for each in both]
        points = [each.embed(p) for each, p in zip(both, parameters, strict=True)]
        targets = np.repeat([1, 0], num_examples // 2)
        examples = Examples(
            torch.from_numpy(np.concatenate(points)).to(torch.float32),
            torch.from_numpy(targets).to(torch.float32),
            labels=np.array(_LABELS)[targets],
        )
        return ManifoldSample(examples, np.concatenate(parameters))
