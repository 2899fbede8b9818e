from itertools import chain, islice

import pytest
import torch
from torch import nn

from neurashed.data import Examples
from neurashed.training.batches import draw_order, in_chunks, take


def first_batches(num_batches: int, *, start: int = 0, seed: int = 0) -> list[list[int]]:
    order = draw_order(10, 4, seed=seed, start=start)
    return [batch.tolist() for batch in islice(order, num_batches)]


def test_every_epoch_shows_every_example_once_in_a_new_order():
    batches = first_batches(6)
    first, second = (list(chain(*epoch)) for epoch in (batches[:3], batches[3:]))
    assert [len(batch) for batch in batches] == [4, 4, 2, 4, 4, 2]
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second


@pytest.mark.parametrize("start", [0, 1, 3, 5, 9])
def test_a_run_that_starts_in_the_middle_sees_the_same_batches(start: int):
    assert first_batches(4, start=start) == first_batches(4 + start)[start:]


def test_the_seed_decides():
    assert first_batches(3, seed=1) != first_batches(3, seed=2)


def test_without_a_batch_size_every_step_sees_the_set_in_its_order():
    assert list(islice(draw_order(10, None, seed=0, start=7), 2)) == [slice(None)] * 2


def test_floats_take_the_precision_of_the_model_and_whole_numbers_stay():
    examples = Examples({"x": torch.ones(3, 2), "token": torch.arange(3)}, torch.arange(3))
    batch = take(examples, torch.tensor([2, 0]), nn.Linear(1, 1).double())
    assert batch.inputs["x"].dtype == torch.float64
    assert batch.inputs["token"].tolist() == [2, 0]
    assert batch.targets.tolist() == [2, 0]


def test_chunks_cover_the_set_in_order_and_are_bounded():
    examples = Examples(torch.arange(600.0), torch.arange(600))
    chunks = list(in_chunks(examples, nn.Identity()))
    assert max(len(chunk) for chunk in chunks) < 600
    assert torch.cat([chunk.targets for chunk in chunks]).tolist() == list(range(600))
