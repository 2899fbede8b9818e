"""Everything the experiment on texts depends on."""

from dataclasses import dataclass, replace
from typing import Any

from neurashed.errors import InputError
from neurashed.subclasses import RECOMMENDED, Recipe

__all__ = ["QUICK_CHOICES", "TextSettings", "name_record"]


@dataclass(frozen=True)
class TextSettings:
    """Everything the experiment depends on.

    The recipe was chosen on images and is used as it stands. With its learning rate networks are
    far from fitting texts, so it is held against the same recipe with a rate chosen by training
    loss alone, on two domains and a seed that is not reported: of 0.3, 0.5, 1 and 2 the loss after
    20 epochs falls with the rate up to 1, and with 2 up to half of the units die.

    Attributes:
        data: Folder of CLINC150, see `neurashed.data.load_clinc150`.
        domains: Whose intents are looked for; of all domains if empty.
        seeds: Each gives new auxiliary texts, initial weights, batches and starts of k-means.
        per_intent: The first so many texts of each intent of the domain; all if None.
        num_words: Words that count.
        width: Hidden units of the two-layer ReLU network.
        recipe: Training, measure and clustering. Its number of clusters is not used: there are as
            many as intents, and once more as many as its evidence says.
        fitting_lr: Learning rate with which networks fit their texts.
        most_clusters: Largest number of clusters that evidence may choose.
        folder: Where a relative path of the data starts.
    """

    data: str
    domains: tuple[str, ...] = ()
    seeds: tuple[int, ...] = tuple(range(5))
    per_intent: int | None = None
    num_words: int = 2_000
    width: int = 256
    recipe: Recipe = RECOMMENDED
    fitting_lr: float = 1.0
    most_clusters: int = 30
    folder: str = "."

    def __post_init__(self) -> None:
        """Check that there is something to do, once.

        Raises:
            InputError: If there is no seed, or a seed or domain is named twice.
        """
        for name in ("domains", "seeds"):
            values = getattr(self, name)
            if len(set(values)) < len(values) or (name == "seeds" and not values):
                message = f"{name} are {values}; give at least one, and each once"
                raise InputError(message)


# Minutes become seconds, and the numbers are rough.
QUICK_CHOICES: dict[str, Any] = {
    "seeds": (0,),
    "per_intent": 20,
    "num_words": 500,
    "width": 64,
    "recipe": replace(RECOMMENDED, num_networks=1),
}


def name_record(domain: str, seed: int) -> str:
    """Return where a run keeps what a domain and a seed came to."""
    return f"results/{domain}_seed_{seed}.json"
