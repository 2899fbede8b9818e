"""The front door measures every model of the zoo as the oracle does."""

import oracle
import pytest
from closeness import assert_close
from measurement_cases import measured
from zoo import CASES, Case

import neurashed as ns

pytestmark = pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_every_model_through_the_front_door(case: Case):
    ready = measured(case)
    args = ready.model, ready.loss, ready.readout, *ready.sides(ready.probes)
    expected = oracle.relative_elasticity(*args, ready.lr)
    found = ns.measure_elasticity(ready.task, ready.sources, ready.probes)
    assert_close(found, expected, kind="difference")
    for probes in (None, ready.probes):
        kernel = oracle.tangent_kernel(ready.model, ready.readout, *ready.sides(probes))
        found = ns.tangent_kernel(ready.task, ready.sources, probes)
        assert_close(found, kernel.diagonal(dim1=2, dim2=3).sum(-1))
