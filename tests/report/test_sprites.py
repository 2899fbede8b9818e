import base64
import io

import numpy as np
import pytest
from PIL import Image

from neurashed.report.sprites import Sheets, make_sheets, shrink_thumbnails


def read_image(sheets: Sheets, position: int) -> np.ndarray:
    """Return one image as the page's script cuts it out of its sheet."""
    file = io.BytesIO(base64.b64decode(sheets.sheets[position // sheets.per_sheet]))
    pixels = np.asarray(Image.open(file))
    row, column = divmod(position % sheets.per_sheet, sheets.columns)
    top, left = row * sheets.height, column * sheets.width
    return pixels[top : top + sheets.height, left : left + sheets.width]


@pytest.mark.parametrize("shape", [(300, 5, 7), (17, 4, 3, 3)])
def test_images_come_back_bit_for_bit(shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    sheets = make_sheets(images, 10_000_000)
    assert sheets.media_type == "image/png"
    assert all(np.array_equal(read_image(sheets, at), one) for at, one in enumerate(images))


def test_many_images_lose_exactness_before_size() -> None:
    # Smooth images, as photographs are: noise would not become small.
    ramp = np.linspace(0, 255, 32)
    images = np.broadcast_to(ramp[:, None] / 2 + ramp / 2, (600, 32, 32)).astype(np.uint8)
    images = images + np.random.default_rng(0).integers(0, 9, images.shape).astype(np.uint8) // 2
    exact = sum(map(len, make_sheets(images, 10_000_000).sheets))
    lossy = make_sheets(images, exact // 3)
    assert (lossy.media_type, lossy.height) == ("image/webp", 32)
    error = read_image(lossy, 599)[..., 0].astype(float) - images[599]
    assert np.abs(error).mean() < 6
    assert make_sheets(images, 2_000).height < 32


def test_shrinking_averages_blocks() -> None:
    image = np.array([[[0, 4, 9], [8, 12, 9], [9, 9, 9]]], np.uint8)
    assert shrink_thumbnails(image, 2).tolist() == [[[6]]]
    assert shrink_thumbnails(np.stack([image] * 3, axis=-1), 2).shape == (1, 1, 1, 3)
