import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from neurashed.data import Examples, Subset, load_npz, save_npz
from neurashed.errors import InputError


@pytest.mark.parametrize("several", [True, False])
def test_round_trip(tmp_path: Path, several: bool):
    pixels = torch.rand(3, 2)
    examples = Examples(
        {"pixels": pixels, "mask": torch.ones(3, 1, dtype=torch.int64)} if several else pixels,
        torch.tensor([0, 1, 0]),
        ids=["x", "y", "z"],
        labels=["ä", "b", "ä"],
        fine_labels=["1", "2", "3"],
        thumbnails=np.zeros((3, 2, 2), np.uint8),
        texts=["one", "", "three <b>"],
    )
    save_npz(examples, tmp_path / "set.npz")
    again = load_npz(tmp_path / "set.npz")
    assert again.checksum() == examples.checksum()
    assert isinstance(again.inputs, dict) == several


def test_ids_follow_the_name_of_the_file(tmp_path: Path):
    np.savez(tmp_path / "train.npz", inputs=np.zeros((3, 2)), targets=[0, 1, 0])
    assert load_npz(tmp_path / "train.npz").ids.tolist() == ["train/0", "train/1", "train/2"]
    chosen = load_npz(str(tmp_path / "train.npz"), subset=Subset(classes=("1",)))
    assert chosen.ids.tolist() == ["train/1"]


def test_inputs_by_name_get_ids_too(tmp_path: Path):
    np.savez(tmp_path / "few.npz", inputs_a=np.zeros((2, 2)), inputs_b=np.ones((2, 3)))
    examples = load_npz(tmp_path / "few.npz")
    assert sorted(examples.inputs) == ["a", "b"]
    assert examples.ids.tolist() == ["few/0", "few/1"]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"inputs": [1], "label": [1]}, "has an unknown array 'label'; did you mean 'labels'? use"),
        (
            {"x": [1], "targets": [1]},
            "holds x, targets; store either inputs or inputs_<name> in it",
        ),
        ({"inputs": [1], "inputs_a": [1]}, "store either inputs or inputs_<name> in it"),
        ({"inputs": [1.0, 2.0], "targets": [1]}, "inputs have 2 examples but targets have 1"),
        ({"inputs": 1.0}, "so there are no examples"),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, arrays: dict[str, Any], message: str):
    np.savez(tmp_path / "set.npz", **arrays)
    with pytest.raises(InputError, match=re.escape(message)):
        load_npz(tmp_path / "set.npz")


def test_pickles_are_never_read(tmp_path: Path):
    np.savez(tmp_path / "set.npz", inputs=np.zeros(2), texts=np.array(["a", "b"], dtype=object))
    with pytest.raises(InputError, match=r"allow_pickle=False.*strings as numpy.array"):
        load_npz(tmp_path / "set.npz")


def test_files_that_are_no_npz_are_refused(tmp_path: Path):
    path = tmp_path / "set.npz"
    with pytest.raises(InputError, match=r"set\.npz is no file; give an \.npz file"):
        load_npz(path)
    contents = [b"", b"text", b"PK\x03\x04 cut"]
    np.savez(path, inputs=np.zeros((20, 20)))
    contents.append(path.read_bytes()[:1000])
    np.save(tmp_path / "lone.npy", np.zeros(3))
    contents.append((tmp_path / "lone.npy").read_bytes())
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"set.npz cannot be read .*write it with numpy.savez"):
            load_npz(path)
