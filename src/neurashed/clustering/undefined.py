"""Examples whose similarity with others is undefined: refused, or left out."""

import numpy as np

from neurashed.clustering.choices import Undefined, check_choice
from neurashed.errors import InputError

__all__ = ["find_kept", "refuse_undefined"]


def find_kept(
    similarity: np.ndarray, undefined: Undefined, *, needs_self: bool = False
) -> np.ndarray:
    """Return which examples can be clustered together.

    A pair is undefined if its similarity is not finite in either direction. With ``"drop"`` the
    example with most undefined pairs is left out, again and again, until no such pair is left; a
    source without a self-response, whose whole row is NaN, thus goes alone.

    Args:
        similarity: Numbers ``(example, example)``.
        undefined: ``"refuse"`` or ``"drop"``.
        needs_self: Whether an example also needs a positive similarity with itself.

    Returns:
        Whether each example is kept ``(example,)``, see also `refuse_undefined`.

    Example:
        >>> find_kept(np.array([[1, 0.5, 1], [0.5, 1, 1], [np.nan] * 3]), "drop")
        array([ True,  True, False])
    """
    check_choice(undefined, Undefined, what="undefined")
    is_undefined = ~(np.isfinite(similarity) & np.isfinite(similarity.T))
    own = np.diag(similarity)
    kept = ~(own <= 0) if needs_self else np.ones(len(own), dtype=bool)
    counts = is_undefined[kept].sum(axis=0) * kept
    while counts.any():
        worst = int(counts.argmax())
        kept[worst] = False
        counts = (counts - is_undefined[worst]) * kept
    refuse_undefined(kept, undefined)
    return kept


def refuse_undefined(kept: np.ndarray, undefined: Undefined) -> None:
    """Refuse examples that cannot be kept, if they are to be refused or are all.

    Args:
        kept: Whether each example can be kept ``(example,)``.
        undefined: ``"refuse"`` or ``"drop"``.

    Raises:
        InputError: If there are undefined pairs and they are to be refused, or no example is left.
    """
    check_choice(undefined, Undefined, what="undefined")
    if undefined == "refuse" and not kept.all():
        message = (
            f"{int((~kept).sum())} of {len(kept)} examples have undefined similarities, the first "
            f"of them at {int((~kept).argmax())}; pass undefined='drop' to leave them out"
        )
        raise InputError(message)
    if not kept.any():
        message = f"none of the {len(kept)} examples has defined similarities; measure them again"
        raise InputError(message)
