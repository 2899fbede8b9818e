import numpy as np
import pytest
import xarray as xr
from result_cases import random_result

from neurashed.errors import InputError
from neurashed.plots import plot_top_probes
from neurashed.results import top_probes


def _texts(ax: object) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_top_probes_look_as_the_rows_they_are_of() -> None:
    result = random_result()
    top = top_probes(result.astype(np.float32), 5)
    of_row, of_top = (plot_top_probes(one, "x4", k=3) for one in (result, top))
    assert _texts(of_top) == _texts(of_row)
    assert of_top.get_title() == of_row.get_title()
    pictures = [[image.get_array() for image in ax.images] for ax in (of_row, of_top)]
    assert len(pictures[0]) == 4
    assert all(np.array_equal(*pair) for pair in zip(*pictures, strict=True))


def test_missing_probes_leave_no_tile() -> None:
    top = top_probes(random_result(), 3)
    top["place"][0, 1:] = -1
    assert len(plot_top_probes(top, "x0").images) == 2


def test_an_unknown_source_is_refused() -> None:
    top: xr.Dataset = top_probes(random_result(), 3)
    with pytest.raises(InputError, match="no source has the id 'nobody'"):
        plot_top_probes(top, "nobody")
