import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset, IterableDataset, Subset, TensorDataset

from neurashed.data import from_dataset
from neurashed.errors import InputError, InputTypeError


class Picture:
    """What PIL's images offer: their pixels as an array."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        return self.pixels


class Stream(IterableDataset):
    def __iter__(self) -> Iterator[tuple[torch.Tensor, int]]:
        return ((torch.full((2,), float(place)), place % 3) for place in range(100))


class Named(Dataset):
    classes = ("cat", "dog")

    def __len__(self) -> int:
        return 4

    def __getitem__(self, place: int) -> tuple[torch.Tensor, int]:
        return torch.rand(3, 5, 5), place % 2


def test_tensor_dataset():
    inputs, targets = torch.rand(5, 2, requires_grad=True), torch.arange(5)
    examples = from_dataset(Subset(TensorDataset(inputs, targets), [4, 1, 2]))
    assert torch.equal(examples.inputs, inputs[[4, 1, 2]])
    assert examples.targets.tolist() == [4, 1, 2]
    assert examples.ids.tolist() == [0, 1, 2]
    assert examples.thumbnails is None


def test_streams_end_at_the_limit():
    examples = from_dataset(Stream(), limit=4, name="stream")
    assert examples.inputs[:, 0].tolist() == [0, 1, 2, 3]
    assert examples.targets.tolist() == [0, 1, 2, 0]
    assert examples.ids.tolist() == [f"stream/{place}" for place in range(4)]


def test_items_beyond_the_limit_are_not_touched():
    class Trap(Named):
        def __getitem__(self, place: int) -> tuple[torch.Tensor, int]:
            assert place < 2
            return super().__getitem__(place)

    assert len(from_dataset(Trap(), limit=2)) == 2
    assert len(from_dataset(Named(), limit=9)) == 4


def test_class_names_and_thumbnails():
    examples = from_dataset(Named())
    assert examples.labels.tolist() == ["cat", "dog", "cat", "dog"]
    assert examples.thumbnails.shape == (4, 5, 5, 3)


def test_class_names_that_do_not_cover_the_targets_are_left():
    dataset = Named()
    dataset.classes = ("cat",)
    assert from_dataset(dataset).labels.tolist() == ["0", "1", "0", "1"]


@pytest.mark.parametrize("wrap", [Picture, np.asarray])
@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 3), (4, 6, 1)])
def test_pictures_become_channels_from_zero_to_one(
    wrap: Callable[[np.ndarray], Any], shape: tuple[int, ...]
):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    examples = from_dataset([(wrap(pixels), 0), (wrap(255 - pixels), 1)])
    channels = pixels.reshape(4, 6, -1).transpose(2, 0, 1)
    assert torch.equal(examples.inputs[0], torch.tensor(channels) / 255)
    assert examples.inputs.dtype == torch.float32
    assert examples.thumbnails.shape[:3] == (2, 4, 6)


def test_dicts_name_their_parts():
    items = [
        {"tokens": [1, 2, place], "mask": np.ones(3, bool), "label": place, "text": f"text {place}"}
        for place in range(3)
    ]
    examples = from_dataset(items)
    assert examples.inputs["tokens"].tolist() == [[1, 2, 0], [1, 2, 1], [1, 2, 2]]
    assert examples.inputs["mask"].dtype == torch.bool
    assert examples.targets.tolist() == [0, 1, 2]
    assert examples.texts.tolist() == ["text 0", "text 1", "text 2"]


def test_a_lone_input_of_a_dict_is_a_tensor():
    examples = from_dataset([{"inputs": torch.zeros(2), "targets": torch.ones(1)}] * 2)
    assert examples.inputs.shape == (2, 2)
    assert examples.targets.shape == (2, 1)


@pytest.mark.parametrize("item", [torch.rand(3), (torch.rand(3),), 0.5])
def test_targets_may_be_missing(item: torch.Tensor | tuple | float):
    examples = from_dataset([item, item])
    assert len(examples) == 2
    assert examples.targets is None


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([], "the data set gives no items; give one with at least one example"),
        ([(torch.rand(2), 0, 1)], "item 0 has 3 parts; give an input and a target, or a dict"),
        (
            [torch.rand(2), (torch.rand(2), 1)],
            "item 1 has the parts inputs, target and item 0 inputs; give all items the same parts",
        ),
        (
            [(torch.rand(2), 0), (torch.rand(3), 0)],
            "inputs of item 1 have shape (3,) and those of item 0 (2,); pad or crop them",
        ),
        ([{"x": 1.0, "label": 1, "target": 2}], "item 0 has target and label; keep the one that"),
        ([("a text", 0)], "inputs of item 0 is a str, which is no array of numbers; give"),
        ([{"image": object()}], "image of item 0 is a object, which is no array of numbers"),
    ],
)
def test_items_are_refused(items: list[Any], message: str):
    with pytest.raises((InputError, InputTypeError), match=re.escape(message)):
        from_dataset(items)
