"""The labelled array in the middle: what every measurement gives and every consumer reads.

This room names axes, labels and checks results, records where they come from, keeps them on disk,
and summarizes them by class. It computes no responses, and never reaches torch.
"""

from neurashed.results.labelling import AxisLabels, label_elasticity

__all__ = ["AxisLabels", "label_elasticity"]
