"""A convolutional autoencoder for 28x28 images."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neurashed.errors import InputError
from neurashed.models.initialization import initialize

__all__ = ["Autoencoder"]


class Autoencoder(nn.Module):
    """Encodes a 28x28 image with pixels in [-1, 1] into 32 numbers and paints it again.

    Args:
        num_channels: Channels of an image.
        generator: Where the initial weights come from.

    Example:
        >>> model = Autoencoder(generator=torch.Generator().manual_seed(0))
        >>> images = torch.zeros(3, 1, 28, 28)
        >>> model(images).shape, model.encode(images).shape
        (torch.Size([3, 1, 28, 28]), torch.Size([3, 32]))
    """

    def __init__(self, num_channels: int = 1, *, generator: torch.Generator) -> None:
        """Build and initialize the layers."""
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(num_channels, 16, 3, stride=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2, stride=2),
            nn.Conv2d(16, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2, stride=1),
        )
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(8, 16, 3, stride=2),
            nn.ReLU(),
            nn.ConvTranspose2d(16, 8, 5, stride=3, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(8, num_channels, 2, stride=2, padding=1),
            nn.Tanh(),
        )
        initialize(self, generator)

    def encode(
        self, inputs: Float[Tensor, "example channel row column"]
    ) -> Float[Tensor, "example feature"]:
        """Return the 32 numbers of each image.

        Raises:
            InputError: If the images are not 28x28: the decoder mirrors no other size.
        """
        if inputs.shape[2:] != (28, 28):
            message = f"images are {inputs.shape[2]}x{inputs.shape[3]}; this network needs 28x28"
            raise InputError(message)
        return self.encoder(inputs).flatten(1)

    def forward(
        self, inputs: Float[Tensor, "example channel row column"]
    ) -> Float[Tensor, "example channel row column"]:
        """Return the painted images, pixels in (-1, 1)."""
        return self.decoder(self.encode(inputs).unflatten(1, (8, 2, 2)))
