"""Finer classes hidden behind coarse labels, found by what a network learns together.

Composes training on one bit, two protocols of similarity, clustering, and the baselines to hold it
against; the bit (primary or auxiliary) is the only label it reads. Finer labels, where they are
known, are used to score clusters and for nothing else.
"""

from neurashed.subclasses.averaging import average_similarities
from neurashed.subclasses.baselines import BASELINES, cluster_by_baseline
from neurashed.subclasses.coarse_training import Build, CoarseTraining, train_on_coarse_labels
from neurashed.subclasses.comparison import compare_approaches
from neurashed.subclasses.default_network import choose_network
from neurashed.subclasses.estimator import ElasticClustering
from neurashed.subclasses.features import activation_patterns, penultimate_features
from neurashed.subclasses.finding import check_search, find_subclasses
from neurashed.subclasses.measured import MeasuredNetwork, Shelf
from neurashed.subclasses.recipe import Protocol, Recipe
from neurashed.subclasses.recommended import RECOMMENDED
from neurashed.subclasses.trained import similarity_of_trained
from neurashed.subclasses.while_training import similarity_while_training

__all__ = [
    "BASELINES",
    "RECOMMENDED",
    "Build",
    "CoarseTraining",
    "ElasticClustering",
    "MeasuredNetwork",
    "Protocol",
    "Recipe",
    "Shelf",
    "activation_patterns",
    "average_similarities",
    "check_search",
    "choose_network",
    "cluster_by_baseline",
    "compare_approaches",
    "find_subclasses",
    "penultimate_features",
    "similarity_of_trained",
    "similarity_while_training",
    "train_on_coarse_labels",
]
