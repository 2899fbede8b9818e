import gzip
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from data.formats import Images, idx_bytes

from neurashed.data import Subset, load_mnist
from neurashed.data.idx import read_idx
from neurashed.errors import InputError


@pytest.mark.parametrize(
    ("code", "dtype"),
    [(0x08, "u1"), (0x09, "i1"), (0x0B, "i2"), (0x0C, "i4"), (0x0D, "f4"), (0x0E, "f8")],
)
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_idx_round_trip(tmp_path: Path, code: int, dtype: str, compress: Callable[[bytes], bytes]):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    (tmp_path / "array").write_bytes(compress(idx_bytes(array, code)))
    got = read_idx(tmp_path / "array")
    assert np.array_equal(got, array)
    assert got.dtype.newbyteorder("=") == array.dtype


GOOD = idx_bytes(np.arange(6, dtype=np.uint8).reshape(2, 3))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG....", "is no idx file: it starts with 89 50 4e 47; give another file"),
        (b"", "is no idx file: it starts with ; give another file"),
        (b"\0\0\x07\x01", "is no idx file: it starts with 00 00 07 01"),
        (GOOD[:-1], "holds 17 bytes where its header announces 18 (shape (2, 3)): it is cut or"),
        (GOOD + b"\0", "holds 19 bytes where its header announces 18"),
        (GOOD[:9], "it is cut or damaged; get it again"),
        (gzip.compress(GOOD, mtime=0)[:-9], "cannot be unpacked"),
        (gzip.compress(GOOD, mtime=0)[:12] + b"\xff" * 20, "cannot be unpacked"),
    ],
)
def test_damaged_idx_files_are_refused(tmp_path: Path, content: bytes, message: str):
    (tmp_path / "array").write_bytes(content)
    with pytest.raises(InputError, match=re.escape(message)):
        read_idx(tmp_path / "array")


def test_mnist_is_read_in_file_order(mnist_folder: Path, mnist_images: Images):
    train = load_mnist(mnist_folder)
    assert train.targets.tolist() == [5, 0, 8, 5, 8, 1]
    assert train.labels.tolist() == ["5", "0", "8", "5", "8", "1"]
    assert train.ids.tolist() == [f"train/{row}" for row in range(6)]
    assert train.inputs.shape == (6, 1, 28, 28)
    assert torch.equal(train.inputs[:, 0], torch.tensor(mnist_images["train"]) / 255)
    assert np.array_equal(train.thumbnails, mnist_images["train"])


def test_mnist_subset_keeps_ids_of_the_file(mnist_folder: Path, mnist_images: Images):
    test = load_mnist(str(mnist_folder), "test", subset=Subset(classes=("8",)), layout="flat")
    assert test.ids.tolist() == ["test/0", "test/2"]
    assert np.array_equal(test.thumbnails, mnist_images["t10k"][[0, 2]])
    assert test.inputs.shape == (2, 784)


def test_other_names_and_places_are_found(mnist_folder: Path):
    inner = mnist_folder / "MNIST" / "raw"
    inner.mkdir(parents=True)
    for file in list(mnist_folder.glob("t10k*")):
        file.rename(inner / file.name.replace("-idx", ".idx"))
    assert len(load_mnist(mnist_folder, "test")) == 3


def test_missing_files_are_named(mnist_folder: Path, tmp_path: Path):
    (mnist_folder / "train-images-idx3-ubyte.gz").unlink()
    message = "looked for train-images-idx3-ubyte or train-images-idx3-ubyte.gz or"
    with pytest.raises(InputError, match=message):
        load_mnist(mnist_folder)
    with pytest.raises(InputError, match="nowhere does not exist; give a folder with train-labels"):
        load_mnist(tmp_path / "nowhere")
    with pytest.raises(InputError, match="ubyte is no folder; give a folder with train-labels"):
        load_mnist(mnist_folder / "t10k-labels-idx1-ubyte")


def test_files_that_do_not_belong_together_are_refused(mnist_folder: Path):
    labels: Path = mnist_folder / "t10k-labels-idx1-ubyte"
    labels.write_bytes(idx_bytes(np.zeros(4, np.uint8)))
    with pytest.raises(InputError, match="has 3 test images but 4 labels; get both files from one"):
        load_mnist(mnist_folder, "test")
    labels.write_bytes(idx_bytes(np.zeros((3, 1), np.uint8)))
    message = "holds uint8 of shape (3, 1) where bytes with 1 axes are expected"
    with pytest.raises(InputError, match=re.escape(message)):
        load_mnist(mnist_folder, "test")


def test_unknown_split_is_refused(mnist_folder: Path):
    with pytest.raises(InputError, match=r"unknown split 'tests'; did you mean 'test'\?"):
        load_mnist(mnist_folder, "tests")
