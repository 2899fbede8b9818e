import numpy as np
import pytest
import torch
from closeness import assert_close

from neurashed.data import load_digits, thumbnails_of
from neurashed.data.images import PixelForm, Pixels
from neurashed.errors import InputError

VALUES = np.array([0, 51, 255, 102], np.uint8).reshape(1, 1, 2, 2)


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ("unit", [0.0, 0.2, 1.0, 0.4]),
        ("signed", [-1.0, -0.6, 1.0, -0.2]),
        ("standard", [-1.0, 0.0, 4.0, 1.0]),
    ],
)
def test_scales(scale: str, expected: list[float]):
    pixels = Pixels(VALUES, 255, [0.2], [0.2])
    inputs = pixels.inputs(PixelForm("flat", scale))
    assert inputs.shape == (1, 4)
    assert_close(inputs[0], torch.tensor(expected))
    image = pixels.inputs(PixelForm("image", scale))
    assert image.shape == (1, 1, 2, 2)
    assert torch.equal(image.flatten(1), inputs)


def test_each_channel_has_its_own_standard():
    values = np.full((2, 3, 4, 4), 255, np.uint8)
    inputs = Pixels(values, 255, [0.0, 0.5, 1.0], [1.0, 0.5, 0.25]).inputs(
        PixelForm(scale="standard")
    )
    assert_close(inputs[1, :, 3, 3], torch.tensor([1.0, 1.0, 0.0]))


def test_the_values_of_the_caller_stay_as_they_are():
    values = np.ones((1, 1, 2, 2), np.float32)
    Pixels(values, 4, [0.5], [0.5]).inputs(PixelForm(scale="standard"))
    assert (values == 1).all()


def test_colour_thumbnails_have_channels_last():
    values = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)
    thumbnails = Pixels(values, 255, [0.0] * 3, [1.0] * 3).thumbnails()
    assert thumbnails.shape == (2, 4, 5, 3)
    assert np.array_equal(thumbnails[1, 2, 3], values[1, :, 2, 3])


def test_unknown_forms_are_refused():
    with pytest.raises(InputError, match=r"unknown layout 'img'; .*use one of image, flat"):
        PixelForm(layout="img")
    with pytest.raises(InputError, match=r"unknown scale 'sign'; did you mean 'signed'\?"):
        PixelForm(scale="sign")


def test_pictures_of_inputs_run_from_black_to_white():
    inputs = torch.linspace(-3, 5, 32).reshape(2, 1, 4, 4)
    thumbnails = thumbnails_of(inputs)
    assert thumbnails is not None
    assert thumbnails.shape == (2, 4, 4)
    assert thumbnails.dtype == np.uint8
    assert (thumbnails.min(), thumbnails.max()) == (0, 255)
    assert (np.diff(thumbnails.reshape(-1).astype(int)) > 0).all()


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((2, 3, 130, 65), (2, 44, 22, 3)), ((2, 8, 8), (2, 8, 8)), ((2, 3, 64, 64), (2, 64, 64, 3))],
)
def test_large_pictures_are_thinned_out(shape: tuple[int, ...], expected: tuple[int, ...]):
    thumbnails = thumbnails_of(torch.rand(shape))
    assert thumbnails is not None
    assert thumbnails.shape == expected


@pytest.mark.parametrize("shape", [(2, 8), (2, 4, 8, 8), (2, 3, 8, 3), (2, 1, 1, 8, 8)])
def test_other_inputs_have_no_picture(shape: tuple[int, ...]):
    assert thumbnails_of(torch.rand(shape)) is None


def test_a_constant_input_has_a_picture():
    thumbnails = thumbnails_of(torch.full((1, 1, 4, 4), torch.nan))
    assert thumbnails is not None
    assert (thumbnails == 0).all()


def test_digits_are_those_of_scikit_learn():
    digits = load_digits()
    assert digits.inputs.shape == (1797, 1, 8, 8)
    assert digits.inputs.dtype == torch.float32
    assert (digits.inputs.min(), digits.inputs.max()) == (0, 1)
    assert digits.targets[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert np.bincount(digits.targets).tolist() == [
        178,
        182,
        177,
        183,
        181,
        182,
        181,
        179,
        174,
        180,
    ]
    assert digits.labels[3] == "3"
    assert digits.ids.tolist() == list(range(1797))
    expected = np.rint(digits.inputs[:, 0].numpy() * 255).astype(np.uint8)
    assert np.array_equal(digits.thumbnails, expected)


def test_standard_digits_have_mean_zero_and_deviation_one():
    inputs = load_digits(scale="standard").inputs
    assert abs(float(inputs.mean())) < 1e-3
    assert abs(float(inputs.std()) - 1) < 1e-3
