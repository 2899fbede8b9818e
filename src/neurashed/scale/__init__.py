"""A big job as tiles: run here, on any executor or on a Dask cluster, and go on after a fault.

It hands out tiles, writes or reduces what comes of them, and keeps the journal of what is done.
Scheduling, shipping and retrying are the executor's; it computes none of the numbers.
"""

from neurashed.scale.class_sums import ClassReduction, join_class_sums
from neurashed.scale.cluster import Cluster, connect
from neurashed.scale.job import OpenJob, Reduction, TileJob, TileValues
from neurashed.scale.run import Outcome, Work, count_processes, run_work
from neurashed.scale.top_probes import TopReduction, join_top_probes

__all__ = [
    "ClassReduction",
    "Cluster",
    "OpenJob",
    "Outcome",
    "Reduction",
    "TileJob",
    "TileValues",
    "TopReduction",
    "Work",
    "connect",
    "count_processes",
    "join_class_sums",
    "join_top_probes",
    "run_work",
]
