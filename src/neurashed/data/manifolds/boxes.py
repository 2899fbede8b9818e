"""Boxes: two folded sheets that meet at their rims."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

__all__ = ["FoldedBox"]


@dataclass(frozen=True)
class FoldedBox:
    """A tube whose section is a rhombus: an upper and a lower sheet, each folded along ``x = 0``.

    The upper sheet is ``y = height - slope |x|`` and the lower one ``y = slope |x| - height``. They
    meet at ``y = 0``, where ``|x| = height / slope``, so the section is closed; at ``z = ±depth``
    the tube is open. Its points are known by ``x``, ``z`` and the sheet, 1 (upper) or -1 (lower).

    Attributes:
        slope: Slope of the sheets.
        height: Largest ``y``.
        depth: Largest ``z``.
        proxy_reach: The ``|x|`` at which the authors' code lets the sheets meet.
    """

    slope: float
    height: float
    depth: float
    proxy_reach: float

    @property
    def reach(self) -> float:
        """The ``|x|`` at which the sheets meet."""
        return self.height / self.slope

    def draw(
        self, num_points: int, *, generator: np.random.Generator
    ) -> Float[np.ndarray, "point 3"]:
        """Draw ``x`` and ``z`` uniformly, and the sheet by a fair coin."""
        x = generator.uniform(-self.reach, self.reach, size=num_points)
        z = generator.uniform(-self.depth, self.depth, size=num_points)
        sheet = generator.choice([-1.0, 1.0], size=num_points)
        return np.stack([x, z, sheet], axis=1)

    def embed(self, parameters: Float[np.ndarray, "point 3"]) -> Float[np.ndarray, "point 3"]:
        """Return where points are in space."""
        x, z, sheet = parameters.T
        return np.stack([x, sheet * (self.height - self.slope * np.abs(x)), z], axis=1)

    def geodesic(
        self,
        parameters: Float[np.ndarray, "point 3"],
        others: Float[np.ndarray, "other 3"],
    ) -> Float[np.ndarray, "point other"]:
        """Return the length of the straight line on the unfolded tube, the shorter way round."""
        return self._unfolded(parameters, others, self.reach)

    def proxy(
        self,
        parameters: Float[np.ndarray, "point 3"],
        others: Float[np.ndarray, "other 3"],
    ) -> Float[np.ndarray, "point other"]:
        """Return the same with the sheets meeting at `proxy_reach`, as in the authors' code."""
        return self._unfolded(parameters, others, self.proxy_reach)

    def _unfolded(self, parameters: np.ndarray, others: np.ndarray, reach: float) -> np.ndarray:
        begin, end = self._unroll(parameters, reach), self._unroll(others, reach)
        around = np.abs(begin[:, None] - end)
        around = np.minimum(around, 4 * reach * np.hypot(1, self.slope) - around)
        return np.hypot(around, parameters[:, 1, None] - others[:, 1])

    def _unroll(self, parameters: np.ndarray, reach: float) -> np.ndarray:
        # How far around the section points are, from the top over the right rim.
        x, _, sheet = parameters.T
        return np.hypot(1, self.slope) * np.where(sheet > 0, x, 2 * reach - x)
