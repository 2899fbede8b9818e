"""Clusters of examples that a network learns together.

Reads similarities and labelled results, and gives partitions, the evidence for their number, their
agreement with known classes, near-duplicates and odd ones out. It follows the conventions of
scikit-learn. It measures nothing and never reaches torch.
"""

from neurashed.clustering.affinity import (
    mutual_choice_graph,
    nearest_neighbor_graph,
    normalize_similarity,
    symmetrize,
)
from neurashed.clustering.agreement import (
    Agreement,
    AgreementInterval,
    Interval,
    agreement,
    agreement_interval,
)
from neurashed.clustering.choices import Evidence, Method, Normalize, ResultMethod, Undefined
from neurashed.clustering.eigenmaps import laplacian_eigenmaps
from neurashed.clustering.held_out import held_out_predictions, held_out_scores
from neurashed.clustering.kernel_k_means import KernelKMeans
from neurashed.clustering.labelled import cluster_by_elasticity
from neurashed.clustering.large import Nystrom, cluster_by_landmarks
from neurashed.clustering.near_duplicates import near_duplicates
from neurashed.clustering.num_clusters import NumClusters, choose_num_clusters
from neurashed.clustering.odd_ones_out import VotesOf, odd_ones_out
from neurashed.clustering.partition import Clusters, cluster_similarity
from neurashed.clustering.top_graph import cluster_nearest, cluster_top_probes
from neurashed.clustering.top_pairs import (
    KnownPairs,
    OddSource,
    closest_pairs,
    find_known_pairs,
    odd_sources,
)

__all__ = [
    "Agreement",
    "AgreementInterval",
    "Clusters",
    "Evidence",
    "Interval",
    "KernelKMeans",
    "KnownPairs",
    "Method",
    "Normalize",
    "NumClusters",
    "Nystrom",
    "OddSource",
    "ResultMethod",
    "Undefined",
    "VotesOf",
    "agreement",
    "agreement_interval",
    "choose_num_clusters",
    "closest_pairs",
    "cluster_by_elasticity",
    "cluster_by_landmarks",
    "cluster_nearest",
    "cluster_similarity",
    "cluster_top_probes",
    "find_known_pairs",
    "held_out_predictions",
    "held_out_scores",
    "laplacian_eigenmaps",
    "mutual_choice_graph",
    "near_duplicates",
    "nearest_neighbor_graph",
    "normalize_similarity",
    "odd_ones_out",
    "odd_sources",
    "symmetrize",
]
