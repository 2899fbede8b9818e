"""The network that learns the coarse label where the user brings none."""

from torch import Tensor

from neurashed.data import CoarseTask
from neurashed.errors import InputError
from neurashed.models import CNN, two_layer_relu
from neurashed.subclasses.coarse_training import Build

__all__ = ["choose_network"]

_WIDTH = 1_024
# The smallest images that two blocks of convolution and pooling leave something of.
_LEAST_SIDE = 16


def choose_network(coarse: CoarseTask) -> Build:
    """Choose a network by the shape of the inputs alone.

    Args:
        coarse: The examples.

    Returns:
        What builds the convolutional network of He and Su for images of at least 16x16, and their
        two-layer ReLU network, 1,024 units wide, for all else.

    Raises:
        InputError: If the inputs are several, or codes rather than numbers.

    Example:
        >>> import torch
        >>> from neurashed.data import Examples
        >>> coarse = CoarseTask(Examples(torch.rand(2, 3)), Examples(torch.rand(1, 3), ids=["z"]))
        >>> choose_network(coarse)(torch.Generator()).fc1
        Linear(in_features=3, out_features=1024, bias=True)
    """
    inputs = coarse.primary.inputs
    if not isinstance(inputs, Tensor) or not inputs.dtype.is_floating_point:
        message = (
            "there is no default network for these inputs, which are not one array of "
            "floating-point numbers; give a function that builds one"
        )
        raise InputError(message)
    shape = tuple(inputs.shape[1:])
    dtype = inputs.dtype
    if len(shape) == 3 and min(shape[1:]) >= _LEAST_SIDE:
        channels, rows, columns = shape
        image_shape = (channels, rows, columns)
        return lambda generator: CNN(image_shape=image_shape, generator=generator).to(dtype)
    size = inputs[0].numel()
    return lambda generator: two_layer_relu(size, width=_WIDTH, generator=generator).to(dtype)
