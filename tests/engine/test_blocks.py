"""Rows by block give the products of all rows, and the same bits however they are kept."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from closeness import assert_close
from engine_cases import PLENTY, RATE, kernel, prepare
from torch import Tensor
from zoo import CASES, Case, named

from neurashed.engine.blocks import BlockPlan, RowBlocks, plan_blocks
from neurashed.engine.first_order import Side, multiply_rows
from neurashed.engine.mirroring import mirror
from neurashed.engine.plan import Workload
from neurashed.engine.subject import Subject
from neurashed.errors import StoreError

pytestmark = pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")

HOLD_TWO = 1  # the least: two blocks are held whatever the budget is


def plan_kernel(
    subject: Subject, side: Side, *, height: int | None, memory: int = PLENTY
) -> BlockPlan:
    """Plan the trace of the kernel of examples with themselves."""
    count = subject.readouts(None, *side.batch).shape[1]
    workload = Workload(len(side), len(side), True, (count, count), True)
    return plan_blocks(subject, workload, memory=memory, rate=RATE, side=height)


def multiply(subject: Subject, blocks: RowBlocks, plan: BlockPlan, num: int) -> Tensor:
    """Return the whole kernel, tile by tile in an order that comes back to every block."""
    found = torch.full((num, num), torch.nan, dtype=subject.dtype, device=subject.device)
    numbers = range(-(-num // plan.side))
    for row in numbers:
        for column in numbers[: row + 1]:
            ours, theirs = blocks[row], blocks[column]
            block = multiply_rows(subject, ours, theirs, plan.plan)[""]
            if row == column:
                mirror(block)
            rows, columns = (
                slice(each * plan.side, each * plan.side + size)
                for each, size in zip((row, column), block.shape, strict=True)
            )
            found[rows, columns], found[columns, rows] = block, block.T
    return found


@pytest.mark.parametrize("case", CASES[::3], ids=repr)
def test_held_spilled_and_recomputed_are_the_same_bits(
    case: Case, device: torch.device, dtype: torch.dtype, tmp_path: Path
):
    ready = prepare(case, device, dtype)
    side = Side(ready.probes, ready.subject.readouts)
    plan = plan_kernel(ready.subject, side, height=2)
    assert len(side) > 2 * plan.side  # so that more blocks are needed than are held
    held, spilled, recomputed = (
        multiply(
            ready.subject,
            RowBlocks(ready.subject, side, plan, memory=memory, scratch=scratch),
            plan,
            len(side),
        )
        for memory, scratch in ((PLENTY, None), (HOLD_TWO, tmp_path), (HOLD_TWO, None))
    )
    assert list(tmp_path.glob("*.safetensors"))
    assert torch.equal(spilled, held)
    assert torch.equal(recomputed, held)
    assert_close(held, kernel(ready.subject, ready.probes))


def test_rows_are_held_as_long_as_they_fit(tmp_path: Path):
    ready = prepare(named("mlp"), torch.device("cpu"), torch.float64)
    side = Side(ready.probes, ready.subject.readouts)
    plan = plan_kernel(ready.subject, side, height=1)
    room = 3 * plan.side * plan.bytes_of_an_example
    blocks = RowBlocks(ready.subject, side, plan, memory=room, scratch=tmp_path / "deep" / "er")
    first = [blocks[number] for number in range(3)]
    assert all(blocks[number] is first[number] for number in range(3))
    assert not tmp_path.joinpath("deep").exists()
    blocks[3]
    assert [path.name for path in tmp_path.rglob("*.safetensors")] == ["0.safetensors"]
    assert blocks[2] is first[2]
    assert blocks[0] is not first[0]


@pytest.mark.parametrize("memory", [2**24, 2**28, 2**31])
def test_a_block_fits_the_budget(memory: int):
    ready = prepare(named("mlp"), torch.device("cpu"), torch.float64)
    workload = Workload(10**5, 10**5, True, (1, 1), True)
    plan = plan_blocks(ready.subject, workload, memory=memory, rate=RATE)
    assert plan.side % 64 == 0
    assert 2 * plan.side * plan.bytes_of_an_example <= memory / 2 or plan.side == 64
    assert plan.side**2 * 8 <= memory / 8 or plan.side == 64
    small = plan_blocks(
        ready.subject, replace(workload, num_sources=100, num_probes=100), memory=memory, rate=RATE
    )
    assert small.side <= 128


def test_full_scratch_is_said(tmp_path: Path):
    ready = prepare(named("mlp"), torch.device("cpu"), torch.float64)
    side = Side(ready.probes, ready.subject.readouts)
    plan = plan_kernel(ready.subject, side, height=1)
    (tmp_path / "file").write_text("in the way")
    blocks = RowBlocks(ready.subject, side, plan, memory=HOLD_TWO, scratch=tmp_path / "file")
    for number in range(2):
        assert blocks[number]
    with pytest.raises(StoreError, match=r"scratch file .* cannot be written: .*make room"):
        blocks[2]
