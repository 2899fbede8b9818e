"""All parts of the paper at a scale that takes seconds, and the data for them."""

import struct
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from clinc150_files import write_clinc150
from narrow_vgg import SPEC, write_case

from neurashed.experiments.he_su_2020 import corrupted_labels, manifolds, tables, text
from neurashed.experiments.he_su_2020.pretrained import PretrainedSettings
from neurashed.experiments.he_su_2020.whole_paper import PaperSettings, parts
from neurashed.subclasses import CoarseTraining, Recipe

__all__ = ["make_small", "write_data", "write_mnist"]

MANIFOLDS = manifolds.ManifoldSettings(
    manifolds=("two_cosines",), seeds=(0,), num_examples=20, two_layer_width=8, max_steps=100
)
TABLES = tables.TableSettings(width=8, num_epochs=3, primary_per_class=15, auxiliary_total=20)
LABELS = replace(
    corrupted_labels.QUICK, data="digits?per_class=10", seeds=(0,), widths=(32,), lr=0.3,
    stop_losses=(1.0,), usual_loss=1.0,
)  # fmt: skip
TEXTS = {
    "seeds": (0,), "domains": ("work",), "num_words": 40, "width": 8,
    "recipe": Recipe(training=CoarseTraining(lr=1.0, num_epochs=2, batch_size=10)),
}  # fmt: skip


def make_small(patch: pytest.MonkeyPatch) -> None:
    """Make what ``--quick`` does smaller still."""
    patch.setattr(manifolds, "QUICK", MANIFOLDS)
    patch.setattr(tables, "QUICK", TABLES)
    patch.setattr(tables, "QUICK_APPROACHES", ("k_means", "linear_mse"))
    patch.setattr(corrupted_labels, "QUICK", LABELS)
    patch.setattr(text, "QUICK_CHOICES", TEXTS)
    small = partial(PretrainedSettings, model=SPEC, size=32, parameters=("classifier.6.*",))
    patch.setattr(parts, "PretrainedSettings", small)


def write_data(folder: Path) -> PaperSettings:
    """Write texts, weights and photographs, and return settings that name them."""
    write_case(folder)
    write_clinc150(folder / "clinc150")
    return PaperSettings(
        clinc150="clinc150",
        weights="vgg.safetensors",
        images="photographs",
        is_quick=True,
        num_workers=1,
        folder=str(folder),
    )


def write_mnist(folder: Path, digits: str) -> Path:
    """Write noise with the given labels in the form of MNIST's training file."""
    folder.mkdir()
    labels = np.array([*digits], dtype=np.uint8)
    images = np.random.default_rng(0).integers(256, size=(len(labels), 28, 28), dtype=np.uint8)
    for name, array in (("images", images), ("labels", labels)):
        header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        path = folder / f"train-{name}-idx{array.ndim}-ubyte"
        path.write_bytes(header + array.tobytes())
    return folder
