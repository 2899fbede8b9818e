"""The ways to find wrong labels: what each is called, and whether it is made of responses."""

from dataclasses import dataclass

__all__ = ["APPROACHES", "HELD_OUT", "NEIGHBORS", "Approach"]


@dataclass(frozen=True)
class Approach:
    """One way to score examples by how likely their label is wrong.

    Attributes:
        title: What it is called in tables.
        is_elastic: Whether it is made of elasticities or tangent kernels, rather than a baseline.
    """

    title: str
    is_elastic: bool


NEIGHBORS = "votes_tangent_kernel"
HELD_OUT = "held_out_tangent_kernel"

APPROACHES = {
    HELD_OUT: Approach("tangent kernel, held-out prediction (odd_ones_out)", is_elastic=True),
    NEIGHBORS: Approach("tangent kernel, votes of neighbors", is_elastic=True),
    "held_out_equal_layers": Approach(
        "tangent kernel of equal layers, held-out prediction", is_elastic=True
    ),
    "votes_equal_layers": Approach("tangent kernel of equal layers, votes", is_elastic=True),
    "votes_relative": Approach("relative elasticity, votes", is_elastic=True),
    "votes_gradient_cosine": Approach("cosine of loss gradients, votes", is_elastic=True),
    "opposition": Approach("cosine of loss gradients, opposed by others", is_elastic=True),
    "loss": Approach("loss", is_elastic=False),
    "margin": Approach("negative margin", is_elastic=False),
    "loss_of_folds": Approach("loss, networks of held-out folds", is_elastic=False),
    "margin_of_folds": Approach("negative margin, networks of held-out folds", is_elastic=False),
    "votes_penultimate": Approach("penultimate features, votes", is_elastic=False),
    "held_out_penultimate": Approach("penultimate features, held-out prediction", is_elastic=False),
    "votes_pixels": Approach("pixels, votes", is_elastic=False),
    "held_out_pixels": Approach("pixels (Gaussian kernel), held-out prediction", is_elastic=False),
}
