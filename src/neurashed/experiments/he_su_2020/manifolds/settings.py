"""Everything the experiment on toy manifolds depends on."""

from dataclasses import dataclass

from neurashed.data.manifolds import manifold_names, manifold_pair
from neurashed.errors import InputError

__all__ = ["NETWORKS", "QUICK", "ManifoldSettings", "name_result"]

# The activation of each network.
NETWORKS = {"ReLU": "relu", "linear": "identity"}
# The sheets of the boxes are told apart by three layers, everything else by two.
_THREE_LAYERS = ("folded_boxes",)


@dataclass(frozen=True)
class ManifoldSettings:
    """Everything the experiment depends on.

    The authors' widths are 40,960 (two layers) and 8,192 (three), with learning rate 1e-5 for
    20,000 steps over the whole sample. The tangent kernel grows with the width, so a narrower
    network with a larger rate learns alike as long as ``lr·λ_max`` is the same. Here every network
    gets the rate that suits it, and is trained until it fits.

    The rate was chosen by training loss alone, on seeds 100 and 101: of the values 1.0, 1.5 and 1.9
    for ``lr_lambda_max`` the loss falls faster with the larger ones, and 1.5 leaves room below 2
    for ``λ_max`` to grow. The loss at which training stops is where all ReLU networks tell at least
    97 % of their sample apart; it was set after correlations of trial runs had been seen.

    Attributes:
        manifolds: Names of the pairs of manifolds.
        seeds: Each gives a new sample and new initial weights.
        num_examples: Points in a sample, half of them on each manifold.
        two_layer_width: Hidden units of the networks with two layers.
        three_layer_width: Hidden units of each hidden layer of those with three.
        lr_lambda_max: Learning rate times the largest eigenvalue of the Hessian at the start, from
            which each network gets its learning rate; above 2 gradient descent is unstable.
        lr: One learning rate for every network instead, such as the authors' 1e-5.
        enough_loss: Mean squared error at which training stops; it also stops where the loss does.
        max_steps: Most steps of training, each over the whole sample.
    """

    manifolds: tuple[str, ...] = manifold_names()
    seeds: tuple[int, ...] = tuple(range(10))
    num_examples: int = 100
    two_layer_width: int = 1024
    three_layer_width: int = 512
    lr_lambda_max: float = 1.5
    lr: float | None = None
    enough_loss: float = 0.02
    max_steps: int = 60_000

    def __post_init__(self) -> None:
        """Check that there is something to do, once.

        Raises:
            InputError: If manifolds or seeds are empty or name one twice.
        """
        for name in ("manifolds", "seeds"):
            values = getattr(self, name)
            if not values or len(set(values)) < len(values):
                message = f"{name} are {values}; give at least one, and each once"
                raise InputError(message)
        for name in self.manifolds:
            manifold_pair(name)  # refuses a name that there is not

    def widths(self, manifold: str) -> list[int]:
        """Return the hidden units of each layer of the networks for a pair of manifolds."""
        if manifold in _THREE_LAYERS:
            return [self.three_layer_width] * 2
        return [self.two_layer_width]


# Minutes become seconds, and the numbers are rough.
QUICK = ManifoldSettings(
    seeds=(0, 1), two_layer_width=256, three_layer_width=128, enough_loss=0.05, max_steps=4_000
)


def name_result(manifold: str, network: str, seed: int) -> str:
    """Return the name of a result, such as ``torus_ReLU_seed_0``; reports show it in words."""
    return f"{manifold}_{network}_seed_{seed}"
