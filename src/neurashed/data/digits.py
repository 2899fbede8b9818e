"""The handwritten digits that come with scikit-learn."""

import numpy as np
from sklearn import datasets

from neurashed.data.examples import Examples
from neurashed.data.images import PixelForm, Pixels, image_examples
from neurashed.data.subset import WHOLE_SET, Subset

__all__ = ["load_digits"]

# Over all 1,797 images, in units of full brightness.
MEAN, DEVIATION = 0.3053, 0.3760


def load_digits(
    *, subset: Subset = WHOLE_SET, layout: str = "image", scale: str = "unit"
) -> Examples:
    """Return the 1,797 handwritten digits of scikit-learn, 8 by 8 pixels in 17 shades of gray.

    Args:
        subset: Which of them; ids are their numbers in the whole set.
        layout: ``"image"`` for inputs ``(example, 1, 8, 8)``, ``"flat"`` for ``(example, 64)``.
        scale: ``"unit"``, ``"signed"`` or ``"standard"``, as in `PixelForm`.

    Returns:
        The examples, with the digits 0 to 9 as targets.

    Example:
        >>> load_digits(layout="flat")
        Examples(1797 examples, inputs (64,) float32, targets int64, 10 labels)

    References:
        Optical Recognition of Handwritten Digits (Alpaydin and Kaynak, 1998),
        https://doi.org/10.24432/C50P49
    """
    form = PixelForm(layout, scale)
    values, numbers = map(np.asarray, datasets.load_digits(return_X_y=True))
    chosen = subset.indices(numbers.astype(str))
    pixels = Pixels(values[chosen].reshape(-1, 1, 8, 8), 16, [MEAN], [DEVIATION])
    names = [str(digit) for digit in range(10)]
    return image_examples(pixels, numbers[chosen], ids=chosen, class_names=names, form=form)
