"""Curves: one parameter, and arc length by quadrature."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

__all__ = ["Curve"]

# Panels of Gauss-Legendre quadrature from the beginning of a curve to each point. The speeds here
# turn at most a few times along a curve; doubling either number changes no digit.
_NUM_PANELS = 64
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)

# Maps one parameter, in an array of any shape, to as many numbers, or to points ``(..., space)``.
OfParameter = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve ``t ↦ point(t)`` for ``low ≤ t ≤ high``, drawn uniformly in ``t``.

    The geodesic distance is the arc length ``∫ |point'(t)| dt``, the shorter way round where the
    curve is closed. The proxy is the difference of the parameters, likewise.

    Attributes:
        low: The least parameter.
        high: The largest parameter.
        is_closed: Whether the curve ends where it begins.
        point: The points of some parameters.
        speed: The length of the curve's derivative at some parameters.
    """

    low: float
    high: float
    is_closed: bool
    point: OfParameter
    speed: OfParameter

    def draw(
        self, num_points: int, *, generator: np.random.Generator
    ) -> Float[np.ndarray, "point 1"]:
        """Draw parameters uniformly."""
        return generator.uniform(self.low, self.high, size=(num_points, 1))

    def embed(
        self, parameters: Float[np.ndarray, "point 1"]
    ) -> Float[np.ndarray, "point coordinate"]:
        """Return where points are in space."""
        return self.point(parameters[:, 0])

    def arc_length(self, parameters: Float[np.ndarray, " point"]) -> Float[np.ndarray, " point"]:
        """Return the length of the curve from its beginning to some points."""
        width = (parameters - self.low)[:, None, None] / _NUM_PANELS
        panels = np.arange(_NUM_PANELS)[:, None]
        at = self.low + width * (panels + (1 + _NODES) / 2)
        return (self.speed(at) * _WEIGHTS / 2 * width).sum(axis=(1, 2))

    def geodesic(
        self,
        parameters: Float[np.ndarray, "point 1"],
        others: Float[np.ndarray, "other 1"],
    ) -> Float[np.ndarray, "point other"]:
        """Return the arc length between points and others."""
        whole = float(self.arc_length(np.array([self.high]))[0])
        begin, end = self.arc_length(parameters[:, 0]), self.arc_length(others[:, 0])
        return self._between(begin, end, whole)

    def proxy(
        self,
        parameters: Float[np.ndarray, "point 1"],
        others: Float[np.ndarray, "other 1"],
    ) -> Float[np.ndarray, "point other"]:
        """Return the difference of the parameters, as the authors' code has it."""
        return self._between(parameters[:, 0], others[:, 0], self.high - self.low)

    def _between(self, begin: np.ndarray, end: np.ndarray, whole: float) -> np.ndarray:
        along = np.abs(begin[:, None] - end)
        return np.minimum(along, whole - along) if self.is_closed else along
