"""A narrow VGG-19 with weights under the standard names, and photographs to show it."""

from pathlib import Path

import torch
from image_folders import write_image_folder
from torch import nn

from neurashed.models import VGG19
from neurashed.training import save_weights

__all__ = ["CLASSES", "SPEC", "narrow_vgg", "write_case"]

CLASSES = ("brown bear", "leopard", "tiger")
SPEC = "vgg19?num_outputs=3&width=2"


def narrow_vgg(num_outputs: int = 3) -> VGG19:
    """Return a network whose layers keep the scale of their inputs, as those of a trained one."""
    generator = torch.Generator().manual_seed(0)
    model = VGG19(num_outputs, width=2, generator=generator).eval()
    for parameter in model.parameters():
        if parameter.ndim > 1:
            nn.init.kaiming_normal_(parameter, generator=generator)
        else:
            nn.init.zeros_(parameter)
    return model


def write_case(folder: Path, num_images: int = 3) -> Path:
    """Write ``vgg.safetensors`` and ``photographs`` with so many images of each class."""
    save_weights(narrow_vgg(), folder / "vgg.safetensors")
    write_image_folder(folder / "photographs", dict.fromkeys(CLASSES, num_images))
    return folder
