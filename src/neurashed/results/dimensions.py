"""The names that results use for their axes, coordinates and measures."""

__all__ = [
    "EXAMPLE_DIMS",
    "LEADING_DIMS",
    "LONG_NAMES",
    "RATIO_MEASURES",
    "SELF_RESPONSE",
    "TRAILING_DIMS",
]

EXAMPLE_DIMS = ("source", "probe")
LEADING_DIMS = ("step", "seed", "layer")
TRAILING_DIMS = ("source_output", "output")

SELF_RESPONSE = "self_response"

LONG_NAMES = {
    "relative": "relative elasticity",
    "kernelized": "kernelized elasticity",
    "refined": "refined elasticity",
    "loss_change": "change of the probe's loss",
    "cosine": "cosine of gradients",
    "tangent_kernel": "tangent kernel",
}

RATIO_MEASURES = ("relative", "refined")
