"""Examples: what goes into a network, what should come out, and how people see it.

This room holds sets of examples, picks some of them by index, and reads them from arrays, files and
torch data sets. It downloads nothing, and knows neither models nor losses.
"""

from neurashed.data.checksum import checksum_content
from neurashed.data.cifar10 import load_cifar10
from neurashed.data.clinc150 import load_clinc150
from neurashed.data.coarse import CoarseTask, coarse_task
from neurashed.data.digits import load_digits
from neurashed.data.examples import Examples
from neurashed.data.image_folder import load_image_folder
from neurashed.data.images import thumbnails_of
from neurashed.data.mnist import load_mnist
from neurashed.data.npz import load_npz, save_npz
from neurashed.data.selecting import balance, first_per_class, split, where_label
from neurashed.data.spec import load_examples
from neurashed.data.subset import Subset, renumber_targets
from neurashed.data.torch_dataset import from_dataset
from neurashed.data.words import weigh_words

__all__ = [
    "CoarseTask",
    "Examples",
    "Subset",
    "balance",
    "checksum_content",
    "coarse_task",
    "first_per_class",
    "from_dataset",
    "load_cifar10",
    "load_clinc150",
    "load_digits",
    "load_examples",
    "load_image_folder",
    "load_mnist",
    "load_npz",
    "renumber_targets",
    "save_npz",
    "split",
    "thumbnails_of",
    "weigh_words",
    "where_label",
]
