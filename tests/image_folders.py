"""Small folders of photographs: each class has a colour of its own, each image its own noise."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

__all__ = ["write_image_folder"]


def write_image_folder(
    folder: Path, counts: Mapping[str, int], *, width: int = 48, height: int = 40, seed: int = 0
) -> Path:
    """Write ``counts`` images of each class, in turn as PNG and JPEG, and return the folder."""
    random = np.random.default_rng(seed)
    for name, count in counts.items():
        color = random.integers(0, 256, 3)
        (folder / name).mkdir(parents=True)
        for number in range(count):
            noise = random.integers(-60, 60, (height, width, 3))
            pixels = np.clip(color + noise, 0, 255).astype(np.uint8)
            suffix = ("png", "JPEG")[number % 2]
            Image.fromarray(pixels).save(folder / name / f"{number:03}.{suffix}")
    return folder
