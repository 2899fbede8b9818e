"""Small data sets in the formats of the real ones."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from data.formats import CIFAR_LABELS, MNIST_LABELS, Images, idx_bytes


@pytest.fixture
def mnist_images() -> Images:
    random = np.random.default_rng(0)
    return {
        part: random.integers(0, 256, (len(labels), 28, 28), np.uint8)
        for part, labels in MNIST_LABELS.items()
    }


@pytest.fixture
def mnist_folder(tmp_path: Path, mnist_images: Images) -> Path:
    # Training files are compressed, test files are not.
    folder = tmp_path / "mnist"
    folder.mkdir()
    for part, labels in MNIST_LABELS.items():
        images, numbers = idx_bytes(mnist_images[part]), idx_bytes(np.array(labels, np.uint8))
        compress, end = (gzip.compress, ".gz") if part == "train" else (bytes, "")
        (folder / f"{part}-images-idx3-ubyte{end}").write_bytes(compress(images))
        (folder / f"{part}-labels-idx1-ubyte{end}").write_bytes(compress(numbers))
    return folder


@pytest.fixture
def cifar_images() -> Images:
    random = np.random.default_rng(1)
    return {
        split: random.integers(0, 256, (len(labels), 3, 32, 32), np.uint8)
        for split, labels in CIFAR_LABELS.items()
    }


@pytest.fixture
def cifar_folder(tmp_path: Path, cifar_images: Images) -> Path:
    # Five training files of two rows each, and a test file.
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    rows = {
        split: np.column_stack([
            np.array(CIFAR_LABELS[split], np.uint8),
            images.reshape(len(images), -1),
        ])
        for split, images in cifar_images.items()
    }
    for number in range(5):
        part = rows["train"][2 * number : 2 * number + 2]
        part.tofile(folder / f"data_batch_{number + 1}.bin")
    rows["test"].tofile(folder / "test_batch.bin")
    return folder
