"""The pairs of classes that the tables are about."""

from dataclasses import dataclass

from neurashed.data import CoarseTask, coarse_task, load_examples
from neurashed.experiments.he_su_2020.tables.settings import TableSettings

__all__ = ["TASKS", "TableTask", "load_task"]


@dataclass(frozen=True)
class TableTask:
    """Two classes behind one primary label, and what the network tells them from.

    Attributes:
        name: Such as ``"5v8"``.
        primary: The two classes that are looked for.
        auxiliary: One or two classes.
    """

    name: str
    primary: tuple[str, str]
    auxiliary: tuple[str, ...]


# In the order of the published tables. "digits", the small images that come with the library, is
# no table of theirs; it lets the whole be tried in seconds.
TASKS: dict[str, tuple[TableTask, ...]] = {
    "mnist": (
        TableTask("5v8", ("5", "8"), ("3", "9")),
        TableTask("4v9", ("4", "9"), ("5", "7")),
        TableTask("7v9", ("7", "9"), ("4", "5")),
        TableTask("5v9", ("5", "9"), ("4", "8")),
        TableTask("3v5", ("3", "5"), ("8", "9")),
        TableTask("3v8", ("3", "8"), ("5",)),
    ),
    "cifar10": (
        TableTask("car-v-cat", ("automobile", "cat"), ("bird",)),
        TableTask("car-v-horse", ("automobile", "horse"), ("cat", "bird")),
        TableTask("cat-v-bird", ("cat", "bird"), ("automobile",)),
        TableTask("dog-v-deer", ("dog", "deer"), ("frog",)),
        TableTask("car-v-bird", ("automobile", "bird"), ("cat",)),
        TableTask("deer-v-frog", ("deer", "frog"), ("dog",)),
    ),
    "digits": (TableTask("5v8", ("5", "8"), ("3", "9")),),
}


def load_task(task: TableTask, spec: str, settings: TableSettings) -> CoarseTask:
    """Read the images of a task: the first of each primary class, and the first auxiliary ones.

    Args:
        task: The task.
        spec: Where all images are, see `neurashed.data.load_examples`.
        settings: How many images.

    Returns:
        The images, their pixels from −1 to 1 as in the authors' code.
    """
    classes = ",".join((*task.primary, *task.auxiliary))
    return coarse_task(
        load_examples(spec, classes=classes, scale="signed"),
        primary=task.primary,
        auxiliary=task.auxiliary,
        primary_per_class=settings.primary_per_class,
        auxiliary_total=settings.auxiliary_total,
    )
