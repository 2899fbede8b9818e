"""What must hold for every block of the engine, tried on many."""

from dataclasses import replace
from random import Random

import pytest
import torch
from closeness import assert_close
from engine_cases import Prepared, kernel, prepare, responses
from hypothesis import given, settings
from hypothesis import strategies as st
from zoo import named

from neurashed.engine.batches import take

pytestmark = pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")

CPU = torch.device("cpu")
READY = {
    name: prepare(named(name), CPU, torch.float64)
    for name in ("mlp", "mlp-relu", "linear-on-sequence", "conv-2d-groups", "embedding-padded",
                 "norm-layer-twice", "parameter-einsum", "resnet-batch-norm")
}  # fmt: skip
CASES = st.sampled_from([*READY.values()])
CUTS = st.integers(1, 7)


@given(CASES, st.randoms(use_true_random=False))
@settings(max_examples=15)
def test_reordering_examples_reorders_the_result(ready: Prepared, random: Random):
    rows, columns = [*range(len(ready.sources[1]))], [*range(len(ready.probes[1]))]
    random.shuffle(rows)
    random.shuffle(columns)
    order = torch.tensor(rows), torch.tensor(columns)
    shuffled = take(ready.sources, order[0]), take(ready.probes, order[1])
    for compute in (kernel, responses):
        plain = compute(ready.subject, ready.sources, ready.probes)
        assert_close(
            compute(ready.subject, *shuffled), plain[order[0]][:, order[1]], kind=_kind(compute)
        )
    own = kernel(ready.subject, ready.sources)
    assert_close(kernel(ready.subject, shuffled[0]), own[order[0]][:, order[0]])


@given(CASES, CUTS, CUTS, st.integers(1, 4000), st.booleans())
@settings(max_examples=25)
def test_cuts_change_nothing(
    ready: Prepared, tile: int, batch: int, workspace: int, is_symmetric: bool
):
    probes = None if is_symmetric else ready.probes
    found = kernel(
        ready.subject,
        ready.sources,
        probes,
        change=lambda plan: replace(plan, tile=tile, batch=batch, workspace=workspace),
    )
    assert_close(found, kernel(ready.subject, ready.sources, probes))


@given(CASES, CUTS, CUTS, CUTS, CUTS, st.booleans())
@settings(max_examples=25)
def test_cuts_change_no_response(
    ready: Prepared, sources: int, probes: int, tile: int, batch: int, keeps: bool
):
    found = responses(
        ready.subject,
        ready.sources,
        ready.probes,
        change=lambda plan: replace(
            plan, sources_at_a_time=sources, probes_at_a_time=probes, tile=max(tile, sources),
            batch=batch, keeps_shared=keeps,
        ),
    )  # fmt: skip
    plain = responses(ready.subject, ready.sources, ready.probes)
    assert_close(found, plain, kind="difference")


@given(CASES, st.data())
@settings(max_examples=15)
def test_company_changes_nothing(ready: Prepared, data: st.DataObject):
    row = data.draw(st.integers(0, len(ready.sources[1]) - 1))
    column = data.draw(st.integers(0, len(ready.probes[1]) - 1))
    alone = take(ready.sources, slice(row, row + 1)), take(ready.probes, slice(column, column + 1))
    for compute in (kernel, responses):
        whole = compute(ready.subject, ready.sources, ready.probes)
        pair = whole[row : row + 1, column : column + 1]
        scale = whole.abs().max().item()
        found = compute(ready.subject, *alone)
        assert_close(found, pair, kind=_kind(compute), scale=scale)


@given(CASES, st.integers(1, 4), st.booleans())
@settings(max_examples=15)
def test_own_kernels_are_symmetric_and_positive(ready: Prepared, tile: int, is_traced: bool):
    found = kernel(
        ready.subject,
        ready.sources,
        is_traced=is_traced,
        change=lambda plan: replace(plan, tile=tile),
    )
    square = found if is_traced else found.transpose(1, 2).flatten(2).flatten(0, 1)
    assert torch.equal(square, square.T)
    smallest, *_, largest = torch.linalg.eigvalsh(square).tolist()
    assert smallest >= -1e-12 * largest


def _kind(compute: object) -> str:
    return "difference" if compute is responses else "value"
