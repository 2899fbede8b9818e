"""Everything the experiment on corrupted labels depends on."""

from dataclasses import dataclass
from typing import Literal

from neurashed.errors import InputError

__all__ = ["QUICK", "CorruptedLabelsSettings"]


@dataclass(frozen=True)
class CorruptedLabelsSettings:
    """Everything the experiment depends on.

    The network is trained by plain SGD on the labels as given. Training is judged by its loss and
    by nothing else: the learning rate fits the labels in a few dozen epochs, and the network is
    looked at untrained and at each of ``stop_losses``. The network, the ridge (of 0.01, 0.03, 0.1
    and 0.3) and the width of the kernel on pixels are those with which the given labels of left
    out examples are predicted best (squared error), on one draw of labels that is not reported.

    Attributes:
        data: The examples, as `neurashed.data.load_examples` reads them.
        share: Share of the labels that are corrupted.
        seeds: Each corrupts other labels and gives other initial weights, batches and folds.
        network: ``"cnn"`` for images from 16 by 16, or ``"mlp"`` for inputs of any kind.
        widths: Channels of both convolutions and hidden units of a CNN; hidden units of each layer
            of an MLP.
        lr: Learning rate.
        batch_size: Examples in a step.
        stop_losses: Training losses at which the network is looked at, falling.
        usual_loss: The one of them that is reported first; networks of folds are trained to it.
        max_epochs: Most passes over the examples.
        num_folds: Parts, each of which is judged by a network trained on the others.
        ridge: Ridge of the held-out predictions, in units of an example's similarity with itself.
        memory: How much memory the measurements may take. It decides how sums are cut and so how
            they are rounded, which is why it does not depend on the machine.
        folder: Where relative paths of the data start.
    """

    data: str
    share: float = 0.02
    seeds: tuple[int, ...] = tuple(range(5))
    network: Literal["cnn", "mlp"] = "cnn"
    widths: tuple[int, ...] = (8, 16, 128)
    lr: float = 0.1
    batch_size: int = 50
    stop_losses: tuple[float, ...] = (0.3, 0.1, 0.03)
    usual_loss: float = 0.1
    max_epochs: int = 200
    num_folds: int = 5
    ridge: float = 0.1
    memory: str = "2GB"
    folder: str = "."

    def __post_init__(self) -> None:
        """Check what would only show after minutes of training.

        Raises:
            InputError: If a number makes no sense or two do not go together.
        """
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            message = f"seeds are {self.seeds}; give at least one, and each once"
            raise InputError(message)
        if not 0 < self.share < 1:
            message = f"share is {self.share}; give a share of the labels between 0 and 1"
            raise InputError(message)
        falling = sorted(set(self.stop_losses), reverse=True)
        if list(self.stop_losses) != falling or self.usual_loss not in self.stop_losses:
            message = (
                f"stop_losses are {self.stop_losses} and usual_loss is {self.usual_loss}; "
                "give falling losses, the usual one among them"
            )
            raise InputError(message)
        if self.num_folds < 2:
            message = f"num_folds is {self.num_folds}; give at least 2 parts"
            raise InputError(message)


# Minutes become seconds: the digits that come with scikit-learn, and rough numbers.
QUICK = CorruptedLabelsSettings(
    data="digits?per_class=60",
    seeds=(0, 1),
    network="mlp",
    widths=(128, 128),
    batch_size=20,
    stop_losses=(0.3, 0.1),
    num_folds=3,
)
