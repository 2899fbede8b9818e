import re
from typing import Any

import numpy as np
import pytest
import torch

from neurashed.data import Examples
from neurashed.errors import InputError, InputTypeError

IndexLike = torch.Tensor | np.ndarray | list | tuple | slice


@pytest.fixture
def examples() -> Examples:
    return Examples(
        inputs={"pixels": torch.arange(12.0).reshape(4, 3), "mask": torch.ones(4, 2, dtype=bool)},
        targets=torch.tensor([1, 0, 1, 2]),
        ids=["d", "c", "b", "a"],
        labels=["dog", "cat", "dog", "eel"],
        fine_labels=["pug", "tabby", "beagle", "eel"],
        thumbnails=np.arange(4 * 5 * 6 * 3, dtype=np.uint8).reshape(4, 5, 6, 3),
        texts=["one", "two", "three", "four"],
    )


def test_only_inputs_are_needed():
    examples = Examples(torch.rand(3, 2))
    assert len(examples) == 3
    assert examples.ids.tolist() == [0, 1, 2]
    assert examples.ids.dtype == np.int64
    assert examples.targets is None
    assert examples.labels is None


@pytest.mark.parametrize(
    ("targets", "labels"),
    [
        (torch.tensor([3, 0]), ["3", "0"]),
        (torch.tensor([1.0, -1.0]), ["1", "-1"]),
        (torch.tensor([True, False]), ["True", "False"]),
        (torch.tensor([0.5, 1.0]), None),
        (torch.tensor([torch.nan, 1.0]), None),
        (torch.tensor([torch.inf, 1.0]), None),
        (torch.tensor([[1], [0]]), None),
    ],
)
def test_labels_are_targets_that_are_whole_numbers(targets: torch.Tensor, labels: list[str] | None):
    got = Examples(torch.rand(2, 2), targets).labels
    assert (got if got is None else got.tolist()) == labels


def test_given_labels_win_over_targets():
    examples = Examples(torch.rand(2, 2), torch.tensor([0, 1]), labels=["cat", "dog"])
    assert examples.labels.tolist() == ["cat", "dog"]


@pytest.mark.parametrize(
    "dtype", ["float64", "float32", "float16", "int64", "uint8", "bool", ">f4"]
)
def test_numpy_inputs_keep_their_numbers_and_type(dtype: str):
    values = np.arange(6).reshape(3, 2).astype(dtype)
    tensor = Examples(values).inputs
    assert isinstance(tensor, torch.Tensor)
    assert tensor.dtype == torch.from_numpy(np.zeros(1, values.dtype.newbyteorder("="))).dtype
    assert tensor.tolist() == values.tolist()


def test_strided_arrays_are_accepted():
    values = np.arange(12.0).reshape(3, 4)[::-1, ::2]
    assert Examples(values).inputs.tolist() == values.tolist()


def test_read_only_arrays_are_copied():
    values = np.zeros((2, 2))
    values.flags.writeable = False
    inputs = Examples(values).inputs
    inputs[0, 0] = 1
    assert values[0, 0] == 0


def test_gradient_history_stays_outside():
    assert not Examples(torch.rand(2, 2, requires_grad=True) * 2).inputs.requires_grad


def test_select_keeps_everything_with_its_example(examples: Examples):
    chosen = examples.select(torch.tensor([2, 0]))
    assert chosen.inputs["pixels"].tolist() == [[6, 7, 8], [0, 1, 2]]
    assert chosen.inputs["mask"].shape == (2, 2)
    assert chosen.targets.tolist() == [1, 1]
    assert chosen.ids.tolist() == ["b", "d"]
    assert chosen.labels.tolist() == ["dog", "dog"]
    assert chosen.fine_labels.tolist() == ["beagle", "pug"]
    assert chosen.texts.tolist() == ["three", "one"]
    assert np.array_equal(chosen.thumbnails, examples.thumbnails[[2, 0]])
    assert len(examples) == 4


@pytest.mark.parametrize(
    "indices",
    [[1, 3], (1, 3), np.array([1, 3], np.int32), [-3, -1], slice(1, 4, 2), [False, True] * 2],
)
def test_select_takes_every_kind_of_index(examples: Examples, indices: IndexLike):
    assert examples.select(indices).ids.tolist() == ["c", "a"]


def test_selecting_twice_is_selecting_once(examples: Examples):
    assert examples.select([3, 1, 0]).select([2, 0]).ids.tolist() == ["d", "a"]


def test_selection_does_not_invent_labels():
    regression = Examples(torch.rand(3, 1), torch.tensor([0.5, 1.0, 2.0]))
    assert regression.select([1, 2]).labels is None


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        ([], "nothing is selected from 4 examples; select at least one"),
        (np.zeros(4, bool), "nothing is selected from 4 examples; select at least one"),
        ([0, 4], "index 4 is outside the 4 examples; count from 0"),
        ([-5], "index -5 is outside the 4 examples; count from 0"),
        ([1, 2, 1], "index 1 occurs 2 times; give it once"),
        ([1, -3], "index 1 occurs 2 times; give it once"),
        ([True], "mask has shape (1,); give one boolean for each of 4"),
        ([0.5], "indices have shape (1,) and dtype float64; give a list of whole numbers or a"),
    ],
)
def test_select_refuses(examples: Examples, indices: IndexLike, message: str):
    with pytest.raises((InputError, InputTypeError), match=re.escape(message)):
        examples.select(indices)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"inputs": torch.rand(0, 2)}, "inputs have shape (0, 2), so there are no examples; give"),
        ({"inputs": torch.tensor(1.0)}, "inputs have shape (), so there are no examples; give"),
        ({"inputs": {}}, "inputs are an empty dict; give at least one tensor by name"),
        (
            {"inputs": {"a": torch.rand(2), "b": torch.rand(3)}},
            "inputs have different numbers of examples: {'a': 2, 'b': 3}; give each example all",
        ),
        (
            {"targets": [0, 1, 2, 3]},
            "inputs have 3 examples but targets have 4; give targets for each example",
        ),
        (
            {"targets": torch.tensor(1)},
            "inputs have 3 examples but targets have a single number; give",
        ),
        ({"labels": ["a", "b"]}, "inputs have 3 examples but labels have 2; give labels for each"),
        ({"texts": ["a"] * 4}, "inputs have 3 examples but texts have 4; give texts for each"),
        ({"ids": [1, 2, 1]}, "id 1 occurs 2 times; make ids unique"),
        ({"ids": [1, 2]}, "inputs have 3 examples but ids have 2; give ids for each example"),
        ({"thumbnails": np.zeros((3, 4, 4))}, "dtype float64; give uint8 images"),
    ],
)
def test_construction_refuses(arguments: dict[str, Any], message: str):
    with pytest.raises(InputError, match=re.escape(message)):
        Examples(**{"inputs": torch.rand(3, 2), **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"inputs": ["a", "b"]}, "inputs have dtype <U1; give numbers in a tensor or NumPy array"),
        ({"inputs": {"ids": ["a"]}}, "inputs 'ids' have dtype <U1; give numbers in a tensor"),
        ({"inputs": [[1, 2], [3]]}, "inputs form no array"),
        ({"inputs": np.zeros(2, np.longdouble)}, "which torch lacks; give float64 or float32"),
        ({"inputs": torch.rand(2), "ids": [0.5, 1.5]}, "ids have dtype float64; give strings or"),
    ],
)
def test_construction_refuses_types(arguments: dict[str, Any], message: str):
    with pytest.raises(InputTypeError, match=re.escape(message)):
        Examples(**arguments)


def test_to_changes_only_floating_point_numbers(examples: Examples):
    moved = examples.to("cpu", torch.float64)
    assert moved.inputs["pixels"].dtype == torch.float64
    assert moved.inputs["mask"].dtype == torch.bool
    assert moved.targets.dtype == torch.int64
    assert examples.inputs["pixels"].dtype == torch.float32
    values = Examples(torch.rand(2, 1), torch.rand(2)).to(dtype=torch.float64)
    assert values.targets.dtype == torch.float64
    assert Examples(torch.rand(2, 1)).to("meta").inputs.device.type == "meta"


def test_to_refuses_whole_number_types(examples: Examples):
    with pytest.raises(InputTypeError, match=r"dtype is torch.int64; give a floating-point type"):
        examples.to(dtype=torch.int64)


def test_targets_can_be_replaced_and_required(examples: Examples):
    changed = examples.with_targets([0, 1, 0, 1])
    assert changed.targets.tolist() == [0, 1, 0, 1]
    assert changed.labels.tolist() == examples.labels.tolist()
    assert changed.require_targets("the loss") is changed.targets
    with pytest.raises(InputError, match="inputs have 4 examples but targets have 1"):
        examples.with_targets([0])
    with pytest.raises(InputError, match="the loss needs targets and these examples have none"):
        Examples(torch.rand(2, 2)).require_targets("the loss")


def test_axis_labels_show_everything(examples: Examples):
    axis = examples.axis_labels()
    for name in ("ids", "labels", "fine_labels", "thumbnails", "texts"):
        assert getattr(axis, name) is not None
        assert np.array_equal(getattr(axis, name), getattr(examples, name))


def test_representation_shows_no_values(examples: Examples):
    assert repr(examples) == (
        "Examples(4 examples, inputs pixels (3,) float32, inputs mask (2,) bool, targets int64, "
        "3 labels)"
    )


def test_checksum_depends_on_content_only(examples: Examples):
    again = Examples(
        inputs={
            "mask": torch.ones(4, 2, dtype=bool),
            "pixels": np.arange(12.0, dtype="f4").reshape(4, 3),
        },
        targets=[1, 0, 1, 2],
        ids=np.array(["d", "c", "b", "a"], dtype="<U30"),
        labels=examples.labels,
        fine_labels=examples.fine_labels,
        thumbnails=np.asfortranarray(examples.thumbnails),
        texts=examples.texts.tolist(),
    )
    assert again.checksum() == examples.checksum()
    assert re.fullmatch("[0-9a-f]{32}", examples.checksum())


def test_checksum_is_the_same_on_every_machine():
    examples = Examples(torch.tensor([[0.5], [1.5]]), torch.tensor([0, 1]), ids=["a", "b"])
    expected = "6961ee5ab170af2da1ff68c27cf5a3d2"
    assert examples.checksum() == expected


def test_checksum_sees_every_change(examples: Examples):
    inputs = examples.inputs
    changes = [
        {"inputs": {**inputs, "pixels": inputs["pixels"] + 1e-6}},
        {"inputs": {**inputs, "pixels": inputs["pixels"].double()}},
        {"inputs": {**inputs, "pixels": inputs["pixels"].reshape(4, 3, 1)}},
        {"inputs": {"other": inputs["pixels"], "mask": inputs["mask"]}},
        {"targets": None},
        {"targets": [1, 0, 1, 1]},
        {"ids": ["d", "c", "b", "e"]},
        {"labels": ["dog", "cat", "dog", "ee"]},
        {"fine_labels": None},
        {"thumbnails": examples.thumbnails ^ 1},
        {"texts": ["one", "two", "thre", "efour"]},
        {"texts": ["one", "two", "three", ""]},
    ]
    names = ("inputs", "targets", "ids", "labels", "fine_labels", "thumbnails", "texts")
    kept = {name: getattr(examples, name) for name in names}
    sums = [Examples(**{**kept, **change}).checksum() for change in changes]
    assert len({examples.checksum(), *sums}) == len(changes) + 1


def test_checksum_takes_types_numpy_lacks():
    assert len(Examples(torch.ones(2, 2, dtype=torch.bfloat16)).checksum()) == 32
