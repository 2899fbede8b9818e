"""Clusters of examples that a network learns together.

Reads similarities and labelled results, and gives partitions, the evidence for their number and their
agreement with known classes. It follows the conventions of scikit-learn and never reaches torch.
"""

__all__: list[str] = []
