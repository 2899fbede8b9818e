"""Top probes on the page, held against their result."""

import numpy as np
import pytest
from result_cases import random_result

from neurashed.errors import InputError
from neurashed.report.ranked import read_ranked
from neurashed.results import top_probes


def test_top_probes_of_other_examples_are_refused() -> None:
    with pytest.raises(InputError, match="the top probes have 4 sources and other ids than"):
        read_ranked(random_result(), top_probes(random_result(num_examples=4), 2))


def test_more_examples_than_a_page_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurashed.report.ranked._MOST_SOURCES", 10)
    result = random_result(num_examples=12)
    with pytest.raises(InputError, match="holds up to 10 examples and this result has 12"):
        read_ranked(result, top_probes(result, 2))


def test_what_sources_do_to_themselves_is_read_if_they_are_the_probes() -> None:
    result = random_result()
    own = read_ranked(result, top_probes(result, 2)).own
    assert np.array_equal(own, np.diag(result.values))
    others = result.isel(probe=slice(1, None))
    top = top_probes(result, 2).isel(probe=slice(1, None))
    assert read_ranked(others, top).own is None
