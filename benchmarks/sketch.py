"""Error and time of sketched tangent kernels of a ResNet-18, for the docs.

``python benchmarks/sketch.py DIR`` reads CIFAR-10 from a folder, trains a ResNet-18 (11 M
parameters) for a few steps, and prints a table: the kernel of the label's logit among test images,
exact and from sketches of several dimensions; and, for comparison, from sketches of the same
dimensions that keep the outer product of one projection of the inputs and one of the output
gradients. Seconds are those of the processor, so other work on the machine changes them little.
"""

import argparse
import time
from math import isqrt
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_model, save_model
from scipy.stats import spearmanr
from torch import Tensor
from torch.nn import functional

import neurashed as ns
from neurashed.data import Subset, load_cifar10
from neurashed.elasticity import MeasurementOptions
from neurashed.engine import Side, examine
from neurashed.engine.first_order import record_rows
from neurashed.engine.layer_rows import LayerRows
from neurashed.engine.sketch_signs import draw_signs
from neurashed.models import ResNet18
from neurashed.seeding import derive_seed

BATCH = 8
STRONGEST = 10


def train(images: ns.Examples, num_steps: int, batch: int) -> ResNet18:
    """Train with SGD and momentum; enough to leave the random start."""
    generator = torch.Generator().manual_seed(0)
    model = ResNet18(10, norm="batch", generator=generator).train()
    update = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    for _ in range(num_steps):
        chosen = torch.randint(len(images), (batch,), generator=generator)
        loss = functional.cross_entropy(model(images.inputs[chosen]), images.targets[chosen])
        update.zero_grad()
        loss.backward()
        update.step()
    print(f"trained for {num_steps} steps of {batch} images, last loss {loss.item():.2f}")
    return model.eval()


def load_network(folder: str, num_steps: int, weights: Path | None) -> ResNet18:
    """Read the network, or train and keep it."""
    if weights is not None and weights.exists():
        model = ResNet18(10, norm="batch", generator=torch.Generator())
        load_model(model, weights)
        return model.eval()
    model = train(load_cifar10(folder, "train", subset=Subset(first=5000)), num_steps, 32)
    if weights is not None:
        save_model(model, str(weights))
    return model


def outer_products(task: ns.Task, images: ns.Examples, shares: dict[str, int]) -> np.ndarray:
    """The kernel from ``Σ_t (R d_t)(S a_t)ᵀ``, each layer with the dimension it has in a sketch."""
    batch = (images.inputs, images.targets)
    subject = examine(task, batch)
    side = Side(batch, subject.readouts)
    found = []
    for start in range(0, len(images), BATCH):
        rows = record_rows(subject, side, slice(start, start + BATCH), BATCH)
        parts = [_outer(name, rows[name], share) for name, share in shares.items()]
        found.append(torch.cat(parts, 1))
    sketched = torch.cat(found)
    return (sketched @ sketched.T).numpy()


def _outer(name: str, rows: LayerRows, share: int) -> Tensor:
    factors = rows.positions()
    if factors is None or share >= rows.part(0, 1).gradients(0).shape[1]:
        return rows.gradients(0)  # small layers are exact
    inputs, grads = factors.inputs[:, 0], factors.grads[:, 0, 0]
    if factors.has_bias:
        inputs = torch.cat([inputs, torch.ones_like(inputs[..., :1])], -1)
    height = min(isqrt(share), grads.shape[-1])
    width = min(share // height, inputs.shape[-1])
    left = _matrix(name, "left", height, grads.shape[-1])
    right = _matrix(name, "right", width, inputs.shape[-1])
    return ((grads @ left.T).mT @ (inputs @ right.T)).flatten(1)


def _matrix(name: str, which: str, height: int, width: int) -> Tensor:
    place = {"dtype": torch.float32, "device": torch.device("cpu")}
    return draw_signs(derive_seed(0, name, which), slice(0, height), width, **place) / height**0.5


def judge(found: np.ndarray, exact: np.ndarray) -> dict[str, float]:
    """Errors relative to both norms, and how well the order of the probes is kept."""
    norms = np.sqrt(np.diag(exact))
    errors = (found - exact) / np.outer(norms, norms)
    apart = ~np.eye(len(exact), dtype=bool)
    kept = []
    for ours, theirs, row in zip(found, exact, apart, strict=True):
        left, right = (np.argsort(np.abs(one[row]))[-STRONGEST:] for one in (ours, theirs))
        kept.append(len(np.intersect1d(left, right)) / STRONGEST)
    return {
        "rms": float(np.sqrt(np.mean(errors[apart] ** 2))),
        "largest": float(np.abs(errors[apart]).max()),
        "own": float(np.sqrt(np.mean(np.diag(errors) ** 2))),
        "rank": float(spearmanr(found[apart], exact[apart]).statistic),
        "strongest": float(np.mean(kept)),
    }


def report(name: str, judged: dict[str, float], expected: str, reported: str, spent: str) -> None:
    """Print one row of the table."""
    columns = [f"{judged[key]:.2g}" for key in ("rms", "largest", "own")]
    columns += [f"{judged['rank']:.3f}", f"{judged['strongest']:.0%}", spent]
    print(f"| {name} | {expected} | {reported} | {' | '.join(columns)} |")


def main() -> None:
    """Train, measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--num-images", type=int, default=256)
    parser.add_argument("--num-steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--weights", type=Path, help="kept here after training, or read")
    parser.add_argument("--dimension", type=int, nargs="*", default=[1024, 4096, 16384])
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    model = load_network(given.folder, given.num_steps, given.weights)
    images = load_cifar10(given.folder, "test", approximate="drop").select(
        np.arange(given.num_images)
    )
    task = ns.Task(model, loss="cross_entropy", readout="label_logit")
    began = time.process_time()
    exact = ns.tangent_kernel(task, images, memory="2GB").values
    norms = np.sqrt(np.diag(exact))
    cosines = (exact / np.outer(norms, norms))[~np.eye(len(exact), dtype=bool)]
    print(f"cosines {cosines.mean():.2f} ± {cosines.std():.2f}")
    print(f"| exact | | | | | | | | {time.process_time() - began:.1f} s |")
    for dimension in given.dimension:
        options = MeasurementOptions(sketch=dimension)
        began = time.process_time()
        found = ns.tangent_kernel(task, images, memory="2GB", options=options)
        spent = f"{time.process_time() - began:.1f} s"
        sketch = found.attrs["provenance"]["sketch"]
        expected = f"{sketch['expected_error']:.2g}"
        reported = f"{sketch['measured_error']['rms']:.2g}"
        report(f"{dimension:,}", judge(found.values, exact), expected, reported, spent)
        shares = {name: layer["dimension"] for name, layer in sketch["layers"].items()}
        outer = outer_products(task, images, shares)
        report(f"{dimension:,}, outer product", judge(outer, exact), "", "", "")


if __name__ == "__main__":
    main()
