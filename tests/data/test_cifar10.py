import re
from pathlib import Path

import numpy as np
import pytest
import torch
from data.formats import Images

from neurashed.data import Subset, load_cifar10
from neurashed.errors import InputError, NeurashedWarning

TRAIN = [3, 8, 3, 0, 8, 3, 5, 3, 0, 8]


def test_training_files_follow_each_other(cifar_folder: Path, cifar_images: Images):
    train = load_cifar10(cifar_folder)
    assert train.targets.tolist() == TRAIN
    assert train.labels[:2].tolist() == ["cat", "ship"]
    assert train.ids.tolist() == [f"train/{row}" for row in range(10)]
    assert torch.equal(train.inputs, torch.tensor(cifar_images["train"]) / 255)
    assert np.array_equal(train.thumbnails, cifar_images["train"].transpose(0, 2, 3, 1))


@pytest.mark.parametrize("classes", [("ship", "cat"), ("8", "3")])
def test_only_chosen_images_are_taken(
    cifar_folder: Path, cifar_images: Images, classes: tuple[str, ...]
):
    chosen = load_cifar10(
        cifar_folder, subset=Subset(classes=classes, per_class=2), layout="flat", scale="signed"
    )
    assert chosen.ids.tolist() == ["train/0", "train/1", "train/2", "train/4"]
    assert chosen.inputs.shape == (4, 3072)
    expected = torch.tensor(cifar_images["train"][[0, 1, 2, 4]]).flatten(1) / 255
    assert torch.equal(chosen.inputs, (expected - 0.5) / 0.5)


def test_the_folder_above_will_do(cifar_folder: Path):
    assert load_cifar10(cifar_folder.parent, "test").targets.tolist() == [8, 0, 8, 3]


@pytest.fixture
def rebuilt_folder(cifar_folder: Path) -> Path:
    # Rows 1 and 2 of the test file are approximate.
    (cifar_folder / "test_batch.bin").rename(cifar_folder / "test_batch_rebuilt.bin")
    (cifar_folder / "test_batch_rebuilt_approx_rows.txt").write_text("1\n2\n")
    return cifar_folder


def test_approximate_rows_are_told_or_dropped(rebuilt_folder: Path):
    with pytest.warns(NeurashedWarning, match="^2 of the chosen images are approximate copies"):
        kept = load_cifar10(rebuilt_folder, "test")
    assert len(kept) == 4
    dropped = load_cifar10(rebuilt_folder, "test", approximate="drop")
    assert dropped.ids.tolist() == ["test/0", "test/3"]
    assert dropped.targets.tolist() == [8, 3]
    first = load_cifar10(rebuilt_folder, "test", approximate="drop", subset=Subset(per_class=1))
    assert first.ids.tolist() == ["test/0", "test/3"]


def test_exact_rows_of_a_rebuilt_file_give_no_warning(rebuilt_folder: Path):
    assert len(load_cifar10(rebuilt_folder, "test", subset=Subset(classes=("cat",)))) == 1


def test_the_list_of_approximate_rows_is_needed(rebuilt_folder: Path):
    (rebuilt_folder / "test_batch_rebuilt_approx_rows.txt").unlink()
    with pytest.raises(InputError, match=r"looked for test_batch_rebuilt_approx_rows\.txt"):
        load_cifar10(rebuilt_folder, "test")


@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("place", ["", "cifar10.npz"])
def test_npz_form(tmp_path: Path, cifar_images: Images, channels_last: bool, place: str):
    images = cifar_images["test"].transpose(0, 2, 3, 1) if channels_last else cifar_images["test"]
    np.savez(tmp_path / "cifar10.npz", x_test=images, y_test=np.array([[8], [0], [8], [3]]))
    test = load_cifar10(tmp_path / place, "test", subset=Subset(classes=("ship",)))
    assert test.ids.tolist() == ["test/0", "test/2"]
    assert np.array_equal(test.thumbnails, cifar_images["test"][[0, 2]].transpose(0, 2, 3, 1))
    with pytest.raises(InputError, match="holds x_test, y_test but no x_train; store it"):
        load_cifar10(tmp_path / place)


def test_npz_with_other_shapes_is_refused(tmp_path: Path):
    np.savez(tmp_path / "cifar10.npz", x_test=np.zeros((2, 32, 32)), y_test=np.zeros(2, int))
    message = "has shape (2, 32, 32) and dtype float64 for 2 labels; store uint8 images"
    with pytest.raises(InputError, match=re.escape(message)):
        load_cifar10(tmp_path, "test")


def test_damaged_files_are_refused(cifar_folder: Path):
    batch = cifar_folder / "data_batch_3.bin"
    content = batch.read_bytes()
    batch.write_bytes(content[:-1])
    with pytest.raises(
        InputError, match="holds 6145 bytes, which is no whole number of rows of 30"
    ):
        load_cifar10(cifar_folder)
    batch.write_bytes(b"")
    with pytest.raises(InputError, match="holds 0 bytes"):
        load_cifar10(cifar_folder)
    batch.write_bytes(b"\x0a" + content[1:])
    with pytest.raises(
        InputError, match="class numbers from 0 to 10 where whole numbers from 0 to"
    ):
        load_cifar10(cifar_folder)
    batch.unlink()
    with pytest.raises(InputError, match=r"looked for data_batch_3.bin or cifar10.npz, also in"):
        load_cifar10(cifar_folder)


def test_unknown_treatment_is_refused(cifar_folder: Path):
    with pytest.raises(InputError, match="unknown treatment of approximate rows 'dropp'; did you"):
        load_cifar10(cifar_folder, approximate="dropp")
