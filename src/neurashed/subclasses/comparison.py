"""The agreement of several approaches with known classes, over repeats."""

import numpy as np
import xarray as xr

from neurashed.clustering import agreement, agreement_interval
from neurashed.errors import InputError

__all__ = ["compare_approaches"]

_SCORES = ("accuracy", "nmi", "ari")


def compare_approaches(found: xr.Dataset, *, confidence: float = 0.95) -> xr.Dataset:
    """Average the agreement of each approach over repeats, with intervals of the mean.

    Args:
        found: What `find_subclasses` returns, on examples whose finer labels are known.
        confidence: Confidence of the intervals.

    Returns:
        ``mean``, ``standard_deviation``, ``low`` and ``high``, each ``(approach, score)``, with the
        scores ``accuracy``, ``nmi`` and ``ari``; all but the mean are NaN after a single repeat.

    Raises:
        InputError: If no finer labels are known.
    """
    if "source_fine_label" not in found.coords:
        message = "no finer labels are known, so there is nothing to agree with; give fine_labels"
        raise InputError(message)
    truth = found["source_fine_label"].values
    rows = [
        agreement_interval([agreement(one, truth) for one in each], confidence=confidence)
        for each in found["cluster_by_approach"].transpose("approach", "repeat", "source").values
    ]
    cells = {
        name: (
            ("approach", "score"),
            np.array([[getattr(getattr(row, score), name) for score in _SCORES] for row in rows]),
        )
        for name in ("mean", "standard_deviation", "low", "high")
    }
    return xr.Dataset(
        cells,
        coords={"approach": found["approach"].values, "score": list(_SCORES)},
        attrs={"num_repeats": found.sizes["repeat"], "confidence": confidence},
    )
