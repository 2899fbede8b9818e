"""The reference networks of the literature on local elasticity, each a plain `nn.Module`.

Every network draws its weights from the generator it is given, by PyTorch's default law, and
returns raw outputs: a sigmoid or softmax belongs to the loss and the readout of a task. This room
does not train, load or measure anything.
"""

from neurashed.models.autoencoder import Autoencoder
from neurashed.models.cnn import CNN
from neurashed.models.initialization import initialize
from neurashed.models.mlp import (
    MLP,
    three_layer_linear,
    three_layer_relu,
    two_layer_linear,
    two_layer_relu,
)
from neurashed.models.registry import build_model, model_names
from neurashed.models.resnet import ResNet18
from neurashed.models.skip_mlp import SkipMLP
from neurashed.models.vgg import VGG19

__all__ = [
    "CNN",
    "MLP",
    "VGG19",
    "Autoencoder",
    "ResNet18",
    "SkipMLP",
    "build_model",
    "initialize",
    "model_names",
    "three_layer_linear",
    "three_layer_relu",
    "two_layer_linear",
    "two_layer_relu",
]
