"""Whole runs, from settings to a run folder: measurements, clusters, the demo, and repetitions.

Each file composes the other rooms into one run that `replay_run` can repeat from its ``run.json``.
This room adds no science of its own and prints nothing.
"""

from neurashed.experiments.cluster_files import CLUSTERS_FILE
from neurashed.experiments.clustering import (
    CLUSTERED,
    WITH_AUXILIARY,
    ClusterSettings,
    run_clustering,
)
from neurashed.experiments.demo import DemoSettings, run_demo
from neurashed.experiments.demo_findings import (
    DEFAULT_SOURCE,
    DemoFindings,
    NetworkFindings,
    find_in_demo,
)
from neurashed.experiments.measurement import (
    MeasureSettings,
    plan_run,
    run_measurement,
)
from neurashed.experiments.neighbors import Neighbors
from neurashed.experiments.networks import load_network
from neurashed.experiments.replay import Replay, replay_run
from neurashed.experiments.run_clusters import RunClusterSettings, cluster_run
from neurashed.experiments.summary import ResultSummary, summarize_result

__all__ = [
    "CLUSTERED",
    "CLUSTERS_FILE",
    "DEFAULT_SOURCE",
    "WITH_AUXILIARY",
    "ClusterSettings",
    "DemoFindings",
    "DemoSettings",
    "MeasureSettings",
    "Neighbors",
    "NetworkFindings",
    "Replay",
    "ResultSummary",
    "RunClusterSettings",
    "cluster_run",
    "find_in_demo",
    "load_network",
    "plan_run",
    "replay_run",
    "run_clustering",
    "run_demo",
    "run_measurement",
    "summarize_result",
]
