"""The accuracies that the paper reports, beside which ours are put."""

from dataclasses import dataclass

__all__ = ["PUBLISHED", "ROWS", "PublishedRow"]


@dataclass(frozen=True)
class PublishedRow:
    """A row of a published table, one run each.

    Attributes:
        accuracies: Percent, one for each task in the order of `TASKS`.
        is_recalled: Whether the numbers are from memory of the paper and were not checked.
    """

    accuracies: tuple[float, ...]
    is_recalled: bool = False


def _recalled(*accuracies: float) -> PublishedRow:
    return PublishedRow(accuracies, is_recalled=True)


PUBLISHED: dict[str, dict[str, PublishedRow]] = {
    "mnist": {
        "k_means": PublishedRow((50.4, 54.5, 55.5, 56.3, 69.0, 76.5)),
        "pca": PublishedRow((50.4, 54.5, 55.7, 56.5, 70.7, 76.4)),
        "linear_mse_relative": PublishedRow((51.0, 54.6, 51.3, 58.8, 58.3, 58.7)),
        "linear_mse_kernelized": PublishedRow((50.1, 55.5, 55.5, 56.3, 69.3, 76.1)),
        "linear_bce_relative": _recalled(50.1, 50.0, 50.2, 50.6, 51.4, 50.1),
        "linear_bce_kernelized": _recalled(50.7, 56.7, 62.3, 55.2, 53.9, 51.6),
        "relu_mse_relative": PublishedRow((75.9, 55.6, 62.5, 89.3, 50.3, 74.7)),
        "relu_mse_kernelized": PublishedRow((71.0, 63.8, 64.6, 67.8, 71.5, 78.8)),
        "relu_bce_relative": _recalled(50.2, 50.5, 51.9, 55.7, 53.7, 50.2),
        "relu_bce_kernelized": _recalled(52.1, 59.3, 64.5, 58.2, 52.5, 51.8),
        "cnn_mse_relative": PublishedRow((54.2, 53.7, 89.1, 50.1, 50.1, 83.0)),
        "cnn_mse_kernelized": PublishedRow((64.1, 69.5, 91.3, 97.6, 75.3, 87.4)),
        "skip_mlp_mse_relative": PublishedRow((50.7, 55.0, 55.5, 78.3, 52.3, 52.3)),
        "skip_mlp_mse_kernelized": PublishedRow((50.2, 60.4, 54.8, 76.3, 66.9, 68.8)),
    },
    "cifar10": {
        "k_means": _recalled(50.3, 50.9, 51.1, 51.6, 51.8, 52.4),
        "pca": _recalled(50.6, 51.0, 51.1, 51.6, 51.7, 52.4),
        "linear_mse_relative": _recalled(50.0, 56.8, 55.2, 50.6, 56.3, 52.5),
        "linear_mse_kernelized": _recalled(50.4, 50.7, 51.1, 51.3, 51.9, 52.8),
        "linear_bce_relative": _recalled(50.4, 50.9, 50.2, 50.6, 55.3, 50.2),
        "linear_bce_kernelized": _recalled(55.7, 58.1, 52.0, 50.5, 55.8, 53.0),
        "relu_mse_relative": _recalled(53.7, 50.2, 58.4, 54.2, 63.0, 53.5),
        "relu_mse_kernelized": _recalled(52.1, 50.5, 53.6, 52.7, 50.5, 53.0),
        "relu_bce_relative": _recalled(51.1, 53.5, 50.7, 51.1, 55.6, 50.3),
        "relu_bce_kernelized": _recalled(58.4, 59.7, 56.6, 51.2, 61.8, 51.9),
    },
    "digits": {},
}

# The rows of our tables, with the words that readers see.
ROWS: dict[str, str] = {
    "k_means": "k-means",
    "pca": "PCA + k-means",
    "autoencoder": "autoencoder + k-means",
    "linear_mse_relative": "linear, MSE, relative",
    "linear_mse_kernelized": "linear, MSE, kernelized",
    "linear_bce_relative": "linear, BCE, relative",
    "linear_bce_kernelized": "linear, BCE, kernelized",
    "relu_mse_relative": "ReLU, MSE, relative",
    "relu_mse_kernelized": "ReLU, MSE, kernelized",
    "relu_bce_relative": "ReLU, BCE, relative",
    "relu_bce_kernelized": "ReLU, BCE, kernelized",
    "cnn_mse_relative": "CNN, MSE, relative",
    "cnn_mse_kernelized": "CNN, MSE, kernelized",
    "skip_mlp_mse_relative": "MLP with a skip, MSE, relative",
    "skip_mlp_mse_kernelized": "MLP with a skip, MSE, kernelized",
    "recommended": "recommended",
}
