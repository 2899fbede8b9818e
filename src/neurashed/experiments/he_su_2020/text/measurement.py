"""One domain and one seed: several ways to find its intents, and how well each agrees."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
import xarray as xr
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.preprocessing import normalize
from torch import nn

from neurashed.clustering import (
    agreement,
    choose_num_clusters,
    cluster_similarity,
    normalize_similarity,
)
from neurashed.data import CoarseTask, Examples, first_per_class, where_label
from neurashed.errors import InputError
from neurashed.experiments.he_su_2020.text.settings import TextSettings
from neurashed.models import two_layer_relu
from neurashed.seeding import derive_seed, numpy_generator
from neurashed.subclasses import Recipe, find_subclasses

__all__ = ["APPROACHES", "Unit", "draw_coarse_task", "measure_domain"]

_NUM_COMPONENTS = 100
_NUM_STARTS: Any = 20  # the stubs know n_init as a string only
_OF_TRAINING = ("training_loss", "training_accuracy", "lr_lambda_max", "dead_fraction")


@dataclass(frozen=True, eq=False)
class Unit:
    """What one domain and one seed come to.

    Attributes:
        found: Similarity and clusters by elasticity, as `find_subclasses` gives them.
        record: Scores of each approach and the end of its trainings, as JSON holds them.
    """

    found: xr.Dataset
    record: dict[str, Any]


@dataclass(frozen=True, eq=False)
class _Subject:
    """What an approach may look at: no intent, but how many there are."""

    coarse: CoarseTask
    found: xr.Dataset
    num_clusters: int
    settings: TextSettings
    seed: int

    @property
    def words(self) -> sparse.csr_array:
        return sparse.csr_array(np.asarray(self.coarse.primary.inputs, np.float64))

    @property
    def random_state(self) -> int:
        return derive_seed(self.seed, "clustering") % 2**32

    def find(self, **changes: Any) -> xr.Dataset:  # noqa: ANN401
        """Return the clusters by the recipe with another training."""
        recipe = self.settings.recipe
        changed = replace(recipe, training=replace(recipe.training, **changes))
        return _find(self.coarse, changed, self.num_clusters, self.settings.width, self.seed)


@dataclass(frozen=True, eq=False)
class _Answer:
    """Clusters by one approach, and the end of the training of each network that it looks into."""

    labels: np.ndarray
    training: dict[str, list[float]] | None = None


def draw_coarse_task(
    examples: Examples, domain: str, seed: int, *, per_intent: int | None = None
) -> CoarseTask:
    """Draw as many texts of other domains as there are of one.

    Args:
        examples: Texts labelled by domain, with intents as finer labels.
        domain: Whose texts are primary.
        seed: Draws the others; they differ from domain to domain.
        per_intent: The first so many texts of each intent of the domain; all if None.

    Returns:
        The coarse task: this domain or another.

    Raises:
        InputError: If the domain is not there, or has a single intent.
    """
    primary = examples.select(where_label(examples.labels, domain))
    intents = np.unique(np.asarray(primary.fine_labels))
    if len(intents) < 2:
        message = (
            f"domain {domain!r} has the single intent {str(intents[0])!r}; choose another domain"
        )
        raise InputError(message)
    if per_intent is not None:
        primary = primary.select(first_per_class(primary.fine_labels, per_intent))
    others = np.flatnonzero(np.asarray(examples.labels) != domain)
    generator = numpy_generator(seed, "auxiliary", domain)
    drawn = generator.choice(others, min(len(primary), len(others)), replace=False)
    return CoarseTask(primary, examples.select(np.sort(drawn)))


def measure_domain(examples: Examples, domain: str, seed: int, settings: TextSettings) -> Unit:
    """Look for the intents of a domain in every way.

    Args:
        examples: Texts of all domains.
        domain: Whose intents are looked for.
        seed: Seed of auxiliary texts, networks and clustering.
        settings: All else.

    Returns:
        The similarity and clusters by elasticity, and the scores of every approach.
    """
    coarse = draw_coarse_task(examples, domain, seed, per_intent=settings.per_intent)
    intents = np.asarray(coarse.hidden_classes)
    num_clusters = len(np.unique(intents))
    found = _find(coarse, settings.recipe, num_clusters, settings.width, seed)
    subject = _Subject(coarse, found, num_clusters, settings, seed)
    approaches: dict[str, Any] = {}
    for name, approach in APPROACHES.items():
        answer = approach(subject)
        approaches[name] = {
            "num_clusters": int(answer.labels.max()) + 1,
            **asdict(agreement(answer.labels, intents)),
            "training": answer.training,
        }
    record = {
        "domain": domain,
        "seed": seed,
        "num_texts": len(intents),
        "num_intents": num_clusters,
    }
    return Unit(found, {**record, "approaches": approaches})


def _find(
    coarse: CoarseTask, recipe: Recipe, num_clusters: int, width: int, seed: int
) -> xr.Dataset:
    num_words = coarse.primary.inputs.shape[1]  # pyright: ignore[reportAttributeAccessIssue]

    def build(generator: torch.Generator) -> nn.Module:
        return two_layer_relu(num_words, width=width, generator=generator)

    chosen = replace(recipe, num_clusters=num_clusters)
    return find_subclasses(coarse, build, chosen, baselines=[], seed=seed)


def _by_elasticity(subject: _Subject) -> _Answer:
    return _read(subject.found)


def _by_elasticity_and_evidence(subject: _Subject) -> _Answer:
    recipe = subject.settings.recipe
    similarity = subject.found["similarity"].values
    chosen = choose_num_clusters(
        normalize_similarity(similarity, recipe.normalize),
        largest=subject.settings.most_clusters,
        evidence=recipe.evidence,
        num_neighbors=recipe.num_neighbors,
        random_state=subject.random_state,
    )
    answer = _cluster(subject, similarity, chosen.num_clusters)
    return replace(answer, training=_read(subject.found).training)


def _by_fitted_networks(subject: _Subject) -> _Answer:
    return _read(subject.find(lr=subject.settings.fitting_lr))


def _before_training(subject: _Subject) -> _Answer:
    return _read(subject.find(looks=(0.0,)))


def _by_the_same_clustering_of_words(subject: _Subject) -> _Answer:
    words = subject.words
    return _cluster(subject, (words @ words.T).toarray(), subject.num_clusters)


def _by_k_means(subject: _Subject) -> _Answer:
    return _k_means(subject.words, subject)


def _by_k_means_of_components(subject: _Subject) -> _Answer:
    words: Any = subject.words  # the stubs do not know that it has a shape
    num_components = min(_NUM_COMPONENTS, *(size - 1 for size in words.shape))
    model = TruncatedSVD(num_components, random_state=subject.random_state)
    components: Any = model.fit_transform(words)
    return _k_means(normalize(components), subject)


def _read(found: xr.Dataset) -> _Answer:
    training = {name: found[name].values[0].tolist() for name in _OF_TRAINING}
    return _Answer(found["cluster"].values, training)


def _k_means(features: Any, subject: _Subject) -> _Answer:  # noqa: ANN401
    model = KMeans(subject.num_clusters, n_init=_NUM_STARTS, random_state=subject.random_state)
    return _Answer(model.fit_predict(features))


def _cluster(subject: _Subject, similarity: np.ndarray, num_clusters: int) -> _Answer:
    recipe = subject.settings.recipe
    found = cluster_similarity(
        similarity,
        num_clusters,
        method=recipe.method,
        normalize=recipe.normalize,
        num_neighbors=recipe.num_neighbors,
        # A text of which no word is known is like no other.
        undefined="drop",
        random_state=subject.random_state,
    )
    return _Answer(found.labels)


# - "elasticity": the recipe, told the number of intents.
# - "elasticity_by_evidence": the same similarity, with the number of clusters chosen by evidence.
# - "fitted_networks": the recipe with a learning rate at which networks fit their texts.
# - "before_training": the recipe on networks that have learned nothing.
# - "same_clustering_of_tf_idf": its clustering on products of the inputs, without any network.
# - "k_means_on_tf_idf": k-means on the inputs.
# - "k_means_on_svd": k-means on their 100 largest components, brought to length 1.
APPROACHES: dict[str, Callable[[_Subject], _Answer]] = {
    "elasticity": _by_elasticity,
    "elasticity_by_evidence": _by_elasticity_and_evidence,
    "fitted_networks": _by_fitted_networks,
    "before_training": _before_training,
    "same_clustering_of_tf_idf": _by_the_same_clustering_of_words,
    "k_means_on_tf_idf": _by_k_means,
    "k_means_on_svd": _by_k_means_of_components,
}
