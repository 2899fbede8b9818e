"""The labelled array in the middle: what every measurement gives and every consumer reads.

This room names axes, labels and checks results, records where they come from, keeps them on disk,
and summarizes them by class. It computes no responses, and never reaches torch.
"""

from neurashed.results.blocks import Block, is_large, iterate_blocks
from neurashed.results.class_sums import ClassSums, mirror_sums
from neurashed.results.class_table import class_table
from neurashed.results.class_table_file import open_class_table, save_class_table
from neurashed.results.cluster_file import (
    attach_clusters,
    clusters_path,
    open_clusters,
    save_clusters,
)
from neurashed.results.content import content_checksum
from neurashed.results.labelling import AxisLabels, label_elasticity
from neurashed.results.opening import open_result
from neurashed.results.pairs import find_selves
from neurashed.results.provenance import collect_provenance
from neurashed.results.ranking import nearest_probes, order_by_similarity
from neurashed.results.run import RunFolder
from neurashed.results.sampling import Sample, draw_sample
from neurashed.results.schema import SCHEMA_VERSION, check_result
from neurashed.results.store import save_result
from neurashed.results.strength import Strength, elasticity_strength
from neurashed.results.thumbnails import pack_thumbnails, read_thumbnails
from neurashed.results.top_probes import TopProbesBuilder
from neurashed.results.top_probes_store import (
    label_top_probes,
    open_top_probes,
    save_top_probes,
    top_probes,
)

__all__ = [
    "SCHEMA_VERSION",
    "AxisLabels",
    "Block",
    "ClassSums",
    "RunFolder",
    "Sample",
    "Strength",
    "TopProbesBuilder",
    "attach_clusters",
    "check_result",
    "class_table",
    "clusters_path",
    "collect_provenance",
    "content_checksum",
    "draw_sample",
    "elasticity_strength",
    "find_selves",
    "is_large",
    "iterate_blocks",
    "label_elasticity",
    "label_top_probes",
    "mirror_sums",
    "nearest_probes",
    "open_class_table",
    "open_clusters",
    "open_result",
    "open_top_probes",
    "order_by_similarity",
    "pack_thumbnails",
    "read_thumbnails",
    "save_class_table",
    "save_clusters",
    "save_result",
    "save_top_probes",
    "top_probes",
]
