"""The pairs of examples that move each other most."""

import numpy as np
import xarray as xr

from neurashed.clustering.square import read_mutual_elasticity
from neurashed.errors import InputError

__all__ = ["near_duplicates"]


def near_duplicates(result: xr.DataArray, count: int = 20) -> xr.Dataset:
    """Return the pairs with the highest mutual elasticity, ``√(S_ij S_ji / (S_ii S_jj))``.

    It is 1 for two examples that the network cannot tell apart, whatever the learning rate and
    the loss of either. Undefined pairs are left out.

    Args:
        result: A result with dimensions source and probe in which every source is also a probe.
        count: How many pairs, at most.

    Returns:
        Along ``pair``, the highest first: the ids ``first`` and ``second``, ``mutual_elasticity``
        and, where the result has labels, ``first_label`` and ``second_label``. The attribute
        ``num_undefined`` counts the pairs left out.

    Raises:
        InputError: If count is below 1.

    Example:
        >>> from neurashed.results import AxisLabels, label_elasticity
        >>> axis = AxisLabels(ids=np.array(["a", "b", "c"]))
        >>> values = np.array([[4, 2, 0.4], [2, 1, 0.1], [0.4, 0.1, 4]])
        >>> result = label_elasticity(values, sources=axis, probes=axis, name="tangent_kernel",
        ...                           units="1", provenance={})
        >>> pairs = near_duplicates(result, 1)
        >>> pairs["first"].item(), pairs["second"].item()
        ('a', 'b')
        >>> round(pairs["mutual_elasticity"].item(), 6)
        1.0
    """
    if count < 1:
        message = f"count is {count}; ask for at least 1 pair"
        raise InputError(message)
    mutual = read_mutual_elasticity(result)
    first, second = np.triu_indices(len(mutual), k=1)
    values = mutual[first, second]
    is_defined = np.isfinite(values)
    first, second, values = first[is_defined], second[is_defined], values[is_defined]
    best = np.argsort(-values, kind="stable")[:count]
    columns = {"first": result["source"].to_numpy()[first[best]],
               "second": result["source"].to_numpy()[second[best]],
               "mutual_elasticity": values[best]}  # fmt: skip
    if "source_label" in result.coords:
        labels = result["source_label"].to_numpy()
        columns |= {"first_label": labels[first[best]], "second_label": labels[second[best]]}
    return xr.Dataset(
        {name: ("pair", column) for name, column in columns.items()},
        attrs={
            "measure": result.attrs["measure"],
            "num_undefined": int((~is_defined).sum()),
            "provenance": result.attrs["provenance"],
        },
    )
