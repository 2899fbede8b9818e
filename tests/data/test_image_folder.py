from pathlib import Path

import numpy as np
import pytest
import torch
from image_folders import write_image_folder
from PIL import Image

from neurashed.data import Subset, load_examples, load_image_folder
from neurashed.errors import InputError

MEANS, DEVIATIONS = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_image_folder(tmp_path / "images", {"tiger": 3, "brown bear": 2})


def test_classes_are_subfolders_in_order_of_name(folder: Path):
    examples = load_image_folder(folder, size=32)
    assert examples.ids.tolist() == [
        "brown bear/000.png",
        "brown bear/001.JPEG",
        "tiger/000.png",
        "tiger/001.JPEG",
        "tiger/002.png",
    ]
    assert examples.labels.tolist() == ["brown bear"] * 2 + ["tiger"] * 3
    assert examples.targets.tolist() == [0, 0, 1, 1, 1]
    assert examples.inputs.shape == (5, 3, 32, 32)


def test_pixels_are_those_of_the_middle_less_mean_by_deviation(tmp_path: Path):
    # The shorter side has 256 pixels already, so that nothing is resized: only the middle is cut.
    pixels = np.random.default_rng(0).integers(0, 256, (256, 300, 3), np.uint8)
    write_image_folder(tmp_path, {"a": 1, "b": 1})
    Image.fromarray(pixels).save(tmp_path / "a" / "000.png")
    examples = load_image_folder(tmp_path, subset=Subset(first=1))
    middle = (pixels[16:240, 38:262] / 255 - MEANS) / DEVIATIONS
    np.testing.assert_allclose(examples.inputs[0].movedim(0, -1), middle, atol=1e-6)


@pytest.mark.parametrize(("width", "height"), [(600, 300), (300, 600), (30, 20)])
def test_the_shorter_side_is_resized(tmp_path: Path, width: int, height: int):
    # A horizontal ramp keeps its values at the middle and its slope per pixel of the shorter side.
    ramp = np.linspace(0, 255, width)[None, :, None].repeat(height, 0).repeat(3, 2)
    write_image_folder(tmp_path, {"a": 1, "b": 1})
    Image.fromarray(np.rint(ramp).astype(np.uint8)).save(tmp_path / "a" / "000.png")
    image = load_image_folder(tmp_path, subset=Subset(first=1), scale="unit").inputs[0, 0]
    resized_width = 256 * width / min(width, height)
    assert image[112, 111:113].mean() == pytest.approx(0.5, abs=0.01)
    assert image[112, 212] - image[112, 12] == pytest.approx(200 / resized_width, abs=0.02)


def test_thumbnails_are_small_and_in_colour(folder: Path):
    examples = load_image_folder(folder)
    assert examples.thumbnails.shape == (5, 64, 64, 3)
    assert examples.thumbnails.dtype == np.uint8
    unit = load_image_folder(folder, scale="unit").inputs
    shown = examples.thumbnails.mean((1, 2)) / 255
    np.testing.assert_allclose(shown, unit.mean((2, 3)), atol=0.02)


def test_gray_and_transparent_images_become_colour(tmp_path: Path):
    write_image_folder(tmp_path, {"a": 1, "b": 1})
    Image.new("L", (9, 9), 51).save(tmp_path / "a" / "000.png")
    Image.new("RGBA", (9, 9), (0, 102, 255, 255)).save(tmp_path / "a" / "001.png")
    gray, colour = load_image_folder(tmp_path, subset=Subset(first=2), size=8, scale="unit").inputs
    assert torch.allclose(gray, torch.full((3, 8, 8), 0.2))
    assert torch.allclose(colour[:, 4, 4], torch.tensor([0.0, 0.4, 1.0]))


def test_a_subset_reads_no_other_file(folder: Path):
    (folder / "tiger" / "002.png").write_bytes(b"no image")
    examples = load_image_folder(folder, subset=Subset(classes=("tiger",), per_class=2), size=8)
    assert examples.ids.tolist() == ["tiger/000.png", "tiger/001.JPEG"]
    assert examples.targets.tolist() == [1, 1]


def test_hidden_and_other_files_are_passed_over(folder: Path):
    for name in (".DS_Store", "tiger/.000.png", "tiger/notes.txt", "readme.md"):
        (folder / name).write_text("no image")
    (folder / ".cache").mkdir()
    assert len(load_image_folder(folder, size=8)) == 5


def test_images_lie_at_any_depth_of_their_class(folder: Path):
    (folder / "tiger" / "more").mkdir()
    (folder / "tiger" / "000.png").rename(folder / "tiger" / "more" / "000.png")
    examples = load_image_folder(folder, subset=Subset(classes=("tiger",)), size=8)
    assert examples.ids.tolist() == ["tiger/001.JPEG", "tiger/002.png", "tiger/more/000.png"]


def test_a_spec_names_the_folder_and_its_options(folder: Path):
    spec = f"images:{folder}?size=8&layout=flat&scale=unit&per_class=1&targets=index"
    examples = load_examples(spec)
    assert examples.inputs.shape == (2, 3 * 8 * 8)
    assert 0 <= examples.inputs.min() < examples.inputs.max() <= 1
    with pytest.raises(InputError, match="option size is 'x'; give a whole number"):
        load_examples(f"images:{folder}?size=x")


def test_a_missing_folder_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="nowhere does not exist; give a folder with a subfolder"):
        load_image_folder(tmp_path / "nowhere")


def test_an_empty_folder_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="at least two classes and has none; put the images"):
        load_image_folder(tmp_path)


def test_one_class_is_refused(tmp_path: Path):
    write_image_folder(tmp_path, {"tiger": 2})
    with pytest.raises(InputError, match="at least two classes and has only tiger"):
        load_image_folder(tmp_path)


def test_a_class_without_images_is_refused_by_name(folder: Path):
    (folder / "leopard").mkdir()
    with pytest.raises(InputError, match="leopard holds no image"):
        load_image_folder(folder)


@pytest.mark.parametrize("content", [b"", b"no image", "half"])
def test_an_unreadable_file_is_refused_by_name(folder: Path, content: bytes | str):
    path = folder / "tiger" / "001.JPEG"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if isinstance(content, str) else content)
    with pytest.raises(InputError, match=r"tiger/001\.JPEG cannot be read as an image"):
        load_image_folder(folder)


def test_no_size_is_refused(folder: Path):
    with pytest.raises(InputError, match="size is 0; give at least 1 row and column"):
        load_image_folder(folder, size=0)
