"""How typical an example is of its cluster, and by how much it belongs there."""

import numpy as np
from closeness import assert_close
from clustering_cases import random_kernel

from neurashed.clustering.membership import measure_membership


def test_typicality_and_margin_are_means_over_others():
    similarity = random_kernel(12)
    labels = np.arange(12) % 3
    typicality, margin = measure_membership(similarity, labels)
    for example in range(12):
        means = []
        for cluster in range(3):
            others = [j for j in range(12) if labels[j] == cluster and j != example]
            means.append(similarity[example, others].mean())
        own = means.pop(labels[example])
        assert_close(typicality[example], own)
        assert_close(margin[example], own - max(means))


def test_a_lone_member_has_neither():
    typicality, margin = measure_membership(np.ones((3, 3)), np.array([0, 1, 0]))
    assert np.isnan(typicality).tolist() == np.isnan(margin).tolist() == [False, True, False]


def test_a_single_cluster_has_no_margin():
    typicality, margin = measure_membership(random_kernel(4), np.zeros(4, dtype=int))
    assert np.isfinite(typicality).all()
    assert np.isnan(margin).all()
