"""Spheres around the origin."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

__all__ = ["Sphere"]


@dataclass(frozen=True)
class Sphere:
    """A sphere, its points known by the angle from the pole and the angle around the axis.

    Attributes:
        radius: Its radius.
        is_area_uniform: Whether equal areas get equal shares of the points. If not, both angles
            are drawn uniformly, as in the authors' code, and points crowd at the poles.
    """

    radius: float
    is_area_uniform: bool = False

    def draw(
        self, num_points: int, *, generator: np.random.Generator
    ) -> Float[np.ndarray, "point 2"]:
        """Draw both angles."""
        around = generator.uniform(0.0, 2 * np.pi, size=num_points)
        if self.is_area_uniform:
            from_pole = np.arccos(generator.uniform(-1.0, 1.0, size=num_points))
        else:
            from_pole = generator.uniform(0.0, np.pi, size=num_points)
        return np.stack([from_pole, around], axis=1)

    def embed(self, parameters: Float[np.ndarray, "point 2"]) -> Float[np.ndarray, "point 3"]:
        """Return where points are in space."""
        from_pole, around = parameters.T
        flat = np.sin(from_pole)
        directions = [flat * np.cos(around), flat * np.sin(around), np.cos(from_pole)]
        return self.radius * np.stack(directions, axis=1)

    def geodesic(
        self,
        parameters: Float[np.ndarray, "point 2"],
        others: Float[np.ndarray, "other 2"],
    ) -> Float[np.ndarray, "point other"]:
        """Return the length of the great circle's arc: radius times angle."""
        return self.radius * self.proxy(parameters, others)

    def proxy(
        self,
        parameters: Float[np.ndarray, "point 2"],
        others: Float[np.ndarray, "other 2"],
    ) -> Float[np.ndarray, "point other"]:
        """Return the angle between points and others, seen from the center."""
        points, ends = self.embed(parameters)[:, None], self.embed(others)
        # Precise for small angles and near pi, where the arc cosine of a product is not.
        apart = np.linalg.norm(points - ends, axis=-1)
        return 2 * np.arctan2(apart, np.linalg.norm(points + ends, axis=-1))
