"""Training as a stream of states: the caller looks, the loop only steps.

`train` takes plain SGD steps with the update rule of a task and yields what a run should be watched
by, with the two numbers that tell a sound run from an unstable one: ``lr·λ_max`` and the fraction
of dead units. Weights are kept as safetensors and read without pickle; elasticity is measured
elsewhere.
"""

from neurashed.training.checkpoints import load_checkpoint, save_checkpoint
from neurashed.training.curvature import compute_lambda_max
from neurashed.training.evaluation import Evaluation, evaluate
from neurashed.training.loop import train
from neurashed.training.state import State
from neurashed.training.weights import load_weights, save_weights

__all__ = [
    "Evaluation",
    "State",
    "compute_lambda_max",
    "evaluate",
    "load_checkpoint",
    "load_weights",
    "save_checkpoint",
    "save_weights",
    "train",
]
