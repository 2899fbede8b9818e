"""One similarity out of several: of other seeds, other moments, other networks."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from neurashed.clustering import Normalize, normalize_similarity
from neurashed.errors import InputError

__all__ = ["average_similarities"]


def average_similarities(
    similarities: Sequence[xr.DataArray], *, normalize: Normalize = "cosine"
) -> xr.DataArray:
    """Average similarities of the same examples, each symmetrized and normalized before.

    Args:
        similarities: Results ``(source, probe)`` whose probes are their sources, all with the same
            ids in the same order and the same measure.
        normalize: What is taken out of each; see `neurashed.clustering.normalize_similarity`.
            Without a normalization, the largest would decide.

    Returns:
        The mean ``(source, probe)``, symmetric, with the labels of the first; its provenance holds
        how many were averaged and that of the first.

    Raises:
        InputError: If there are none, or their examples or measures differ.

    Example:
        >>> from neurashed.results import AxisLabels, label_elasticity
        >>> axis = AxisLabels(ids=np.arange(2))
        >>> first, second = (
        ...     label_elasticity(np.array(values), sources=axis, probes=axis, name="kernelized",
        ...                      units="1", provenance={})
        ...     for values in ([[4.0, 2.0], [2.0, 4.0]], [[1.0, 0.0], [0.0, 9.0]])
        ... )
        >>> average_similarities([first, second]).values.tolist()
        [[1.0, 0.25], [0.25, 1.0]]
    """
    if not len(similarities):
        message = "there are no similarities to average; give at least one"
        raise InputError(message)
    first = similarities[0]
    for place, each in enumerate(similarities):
        has_same_ids = all(
            np.array_equal(each[axis].values, first["source"].values)
            for axis in ("source", "probe")
        )
        if not has_same_ids or each.name != first.name:
            message = (
                f"similarity {place} is {each.name} of {each.sizes['source']} sources and "
                f"{each.sizes['probe']} probes, and similarity 0 is {first.name} of other "
                "examples; average one measure of the same examples, each with itself"
            )
            raise InputError(message)
    total = np.zeros(first.shape)
    for each in similarities:
        total += normalize_similarity(each.values, normalize)
    mean = first.drop_vars("self_response", errors="ignore").copy(data=total / len(similarities))
    mean.attrs = {
        **first.attrs,
        "units": first.attrs["units"] if normalize in {"none", "center"} else "1",
        "provenance": {
            **first.attrs["provenance"],
            "averaged": {"num_similarities": len(similarities), "normalize": normalize},
        },
    }
    return mean
