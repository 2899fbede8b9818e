"""The clustering tables of He and Su: six pairs of digits, six of photographs, every method.

Networks learn to tell primary from auxiliary images; the two classes behind the primary label are
looked for in what they learned, and by methods that know no network. Each method on each pair from
each seed is a piece of work of its own, so the tables can be filled a few cells at a time. This
package adds no science of its own and prints nothing.
"""

from neurashed.experiments.he_su_2020.tables.approaches import APPROACHES, QUICK_APPROACHES
from neurashed.experiments.he_su_2020.tables.findings import (
    CSV_FILE,
    MARKDOWN_FILE,
    TableCell,
    count_seeds,
    find_in_tables,
    missing_of,
)
from neurashed.experiments.he_su_2020.tables.published import PUBLISHED, ROWS
from neurashed.experiments.he_su_2020.tables.run import repeat_tables, run_tables
from neurashed.experiments.he_su_2020.tables.settings import QUICK, TableSelection, TableSettings
from neurashed.experiments.he_su_2020.tables.stated_settings import (
    StatedState,
    train_as_stated,
    write_states,
)
from neurashed.experiments.he_su_2020.tables.tasks import TASKS, TableTask, load_task
from neurashed.experiments.he_su_2020.tables.units import read_cells

__all__ = [
    "APPROACHES",
    "CSV_FILE",
    "MARKDOWN_FILE",
    "PUBLISHED",
    "QUICK",
    "QUICK_APPROACHES",
    "ROWS",
    "TASKS",
    "StatedState",
    "TableCell",
    "TableSelection",
    "TableSettings",
    "TableTask",
    "count_seeds",
    "find_in_tables",
    "load_task",
    "missing_of",
    "read_cells",
    "repeat_tables",
    "run_tables",
    "train_as_stated",
    "write_states",
]
