"""An autoencoder, trained to paint the examples again, as a source of features."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neurashed.models import MLP, Autoencoder
from neurashed.seeding import derive_seed
from neurashed.subclasses.threads import threads_for

__all__ = ["encode"]

_IMAGE = (28, 28)
_WIDTH, _CODE = 128, 32


def encode(
    inputs: Float[Tensor, "example ..."],
    *,
    num_steps: int = 1_000,
    batch_size: int = 200,
    seed: int = 0,
) -> Float[Tensor, "example feature"]:
    """Train an autoencoder on some inputs and return the 32 numbers it makes of each.

    Images of 28x28 get the convolutional autoencoder of He and Su, their pixels brought to
    [-1, 1]; all else a fully connected one. Adam with rate 1e-3 and weight decay 1e-5, as in the
    paper, but by steps on small batches in place of 5,000 passes over everything.

    Args:
        inputs: The inputs.
        num_steps: Steps of training.
        batch_size: Examples in a step.
        seed: Seed of the initial weights and the batches.

    Returns:
        The codes.

    Example:
        >>> encode(torch.rand(5, 3), num_steps=2).shape
        torch.Size([5, 32])
    """
    generator = torch.Generator().manual_seed(derive_seed(seed, "autoencoder"))
    scaled = _scale(inputs.detach().float())
    encoder, decoder = _build(scaled, generator)
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=1e-3, weight_decay=1e-5)
    with torch.enable_grad(), threads_for(nn.ModuleList([encoder, decoder])):
        for _ in range(num_steps):
            drawn = torch.randint(len(scaled), (min(batch_size, len(scaled)),), generator=generator)
            batch = scaled[drawn]
            loss = (decoder(encoder(batch)) - batch).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return torch.cat([encoder(few).flatten(1) for few in scaled.split(256)])


def _scale(inputs: Tensor) -> Tensor:
    low, high = inputs.min(), inputs.max()
    return 2 * (inputs - low) / (high - low).clamp(min=1e-12) - 1


def _build(inputs: Tensor, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    if inputs.ndim == 4 and inputs.shape[2:] == _IMAGE:
        model = Autoencoder(inputs.shape[1], generator=generator)
        return model.encoder, model.decoder
    size = inputs[0].numel()
    encoder = MLP(size, [_WIDTH], _CODE, generator=generator)
    decoder = MLP(_CODE, [_WIDTH], size, generator=generator)
    return encoder, nn.Sequential(decoder, nn.Unflatten(1, inputs.shape[1:]))
