"""Pictures of results, one file a picture: a labelled array in, matplotlib axes out.

Each picture names its axes with units, keeps its meaning without colour, and leaves undefined
values out in plain sight. This room draws what others computed; it measures and summarizes nothing.
"""

from neurashed.plots.class_histograms import plot_class_histograms
from neurashed.plots.class_table import plot_class_table
from neurashed.plots.colors import ColorScale, choose_color_scale
from neurashed.plots.distance_scatter import plot_distance_scatter
from neurashed.plots.distributions import PairValues, plot_distributions, split_pairs
from neurashed.plots.heat_map import plot_heat_map
from neurashed.plots.naming import LabelKind, describe_values
from neurashed.plots.ordering import Order, available_orders, order_examples, sort_labels
from neurashed.plots.points import plot_points
from neurashed.plots.sampling import sample_examples
from neurashed.plots.strength import plot_strengths
from neurashed.plots.top_probes import plot_top_probes

__all__ = [
    "ColorScale",
    "LabelKind",
    "Order",
    "PairValues",
    "available_orders",
    "choose_color_scale",
    "describe_values",
    "order_examples",
    "plot_class_histograms",
    "plot_class_table",
    "plot_distance_scatter",
    "plot_distributions",
    "plot_heat_map",
    "plot_points",
    "plot_strengths",
    "plot_top_probes",
    "sample_examples",
    "sort_labels",
    "split_pairs",
]
