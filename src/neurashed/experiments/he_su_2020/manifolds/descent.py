"""Full-batch training without the cost of looking: tens of thousands of steps in seconds."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neurashed.models import MLP

__all__ = ["compress_linear", "descend"]


@torch.no_grad()
def descend(
    model: MLP,
    inputs: Float[Tensor, "example input"],
    targets: Float[Tensor, " example"],
    *,
    lr: float,
    num_steps: int,
) -> None:
    """Take gradient steps on the mean squared error of the whole set, in place.

    The steps are those of `neurashed.training.train` with the loss ``"mse"``, but for rounding:
    the gradients are written out, and nothing is watched, which for networks of this size is an
    order of magnitude faster.

    Args:
        model: A network of linear layers, with ReLU or nothing between them, and one output.
        inputs: All inputs.
        targets: All targets.
        lr: Learning rate.
        num_steps: How many steps.
    """
    layers = [each for each in model.children() if isinstance(each, nn.Linear)]
    has_relu = any(isinstance(each, nn.ReLU) for each in model.children())
    for _ in range(num_steps):
        outputs = [inputs]
        for layer in layers:
            outputs.append(torch.addmm(layer.bias, outputs[-1], layer.weight.T))
            if has_relu and layer is not layers[-1]:
                outputs[-1].relu_()
        slope = (outputs.pop() - targets[:, None]).mul_(2 / len(targets))
        for layer in reversed(layers):
            seen, later = outputs.pop(), slope
            if outputs:
                slope = later @ layer.weight
                if has_relu:
                    slope.mul_(seen > 0)
            layer.weight.addmm_(later.T, seen, alpha=-lr)
            layer.bias.sub_(later.sum(0), alpha=lr)


@torch.no_grad()
def compress_linear(model: MLP) -> MLP:
    """Return a narrow network that behaves and learns as a two-layer network without activation.

    With ``f(x) = v·(W x + b) + c``, the gradients of ``W`` and ``b`` are multiples of ``v``, and
    that of ``v`` is a combination of the columns of ``W`` and ``b``. So these columns and ``v``
    never leave the space that they span at the start. In an orthonormal basis of it all inner
    products are the same, and with them the function, each step of gradient descent and the tangent
    kernel; the number of hidden units is the number of inputs plus two.

    Args:
        model: The network, of two layers with one output.

    Returns:
        The narrow network.
    """
    first, second = (each for each in model.children() if isinstance(each, nn.Linear))
    columns = torch.cat([first.weight, first.bias[:, None], second.weight.T], dim=1)
    coordinates = torch.linalg.qr(columns.double()).R.to(columns.dtype)
    narrow = MLP(
        first.in_features, [len(coordinates)], activation="identity", generator=torch.Generator()
    )
    weight, bias, out = coordinates.split([first.in_features, 1, 1], dim=1)
    values = {"fc1.weight": weight, "fc1.bias": bias[:, 0], "fc2.weight": out.T}
    narrow.to(columns.dtype).load_state_dict({**values, "fc2.bias": second.bias})
    return narrow
