"""How a measurement too large for memory is cut and kept."""

from dataclasses import dataclass, field
from typing import Literal

from neurashed.errors import InputError
from neurashed.results.tiled import Storage

__all__ = ["Tiling"]


@dataclass(frozen=True)
class Tiling:
    """How a measurement too large for memory is cut and kept.

    Attributes:
        storage: In which type numbers are kept, and whether of both triangles.
        side: Examples along a side of a tile; the largest that the memory budget allows if None.
            What was begun goes on with the side that it was begun with.
        top_k: How many of the strongest probes of each source are kept beside the matrix; 0 for
            none.
        class_table: Whether the class table of means over all pairs is kept; examples need labels.
        keep_matrix: Whether the matrix is kept; without it memory and disk grow with the number of
            examples alone.
        scratch: ``"disk"`` puts gradients that do not fit in memory into a scratch file,
            ``"none"`` computes them again.

    Raises:
        InputError: If nothing would be kept, or a number is below its least.
    """

    storage: Storage = field(default_factory=Storage)
    side: int | None = None
    top_k: int = 0
    class_table: bool = False
    keep_matrix: bool = True
    scratch: Literal["disk", "none"] = "disk"

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not (self.keep_matrix or self.top_k or self.class_table):
            message = (
                "keep_matrix is False, top_k is 0 and no class table is asked for: nothing would "
                "be kept; give top_k=8 or class_table=True"
            )
            raise InputError(message)
        if self.top_k < 0 or (self.side is not None and self.side < 1):
            message = (
                f"top_k is {self.top_k} and side is {self.side}; give top_k of at least 0 and a "
                "side of at least 1"
            )
            raise InputError(message)
        if self.scratch not in {"disk", "none"}:
            message = f"scratch is {self.scratch!r}; use 'disk' or 'none'"
            raise InputError(message)
