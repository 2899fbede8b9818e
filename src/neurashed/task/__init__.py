"""What is measured: a model, a loss, a readout and an update rule.

A `Task` holds these four and nothing else; it knows the names of losses and readouts and what each
needs. It runs no loops and stores no results.
"""

from neurashed.task.losses import Loss
from neurashed.task.readouts import Readout
from neurashed.task.task import Task
from neurashed.task.update import SGD, ParameterSelection

__all__ = ["SGD", "Loss", "ParameterSelection", "Readout", "Task"]
