"""What the values of a result are called on axes and in captions."""

from typing import Literal

import xarray as xr

__all__ = ["LabelKind", "describe_values"]

LabelKind = Literal["label", "fine_label"]


def describe_values(result: xr.DataArray) -> str:
    """Return the name of the values with their unit, as in ``"relative elasticity"``.

    Example:
        >>> describe_values(xr.DataArray([0.0], attrs={"long_name": "response", "units": "logit"}))
        'response (logit)'
    """
    name = str(result.attrs.get("long_name") or result.name or "value")
    units = str(result.attrs.get("units", ""))
    return f"{name} ({units})" if units not in {"", "1"} else name
