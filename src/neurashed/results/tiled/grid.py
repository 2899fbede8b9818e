"""How a matrix of sources and probes is cut into tiles."""

from collections.abc import Iterator
from dataclasses import dataclass

from neurashed.errors import InputError

__all__ = ["Tile", "TileGrid"]


@dataclass(frozen=True, order=True)
class Tile:
    """One tile.

    Attributes:
        row: Its row in the grid.
        column: Its column in the grid.
    """

    row: int
    column: int

    @property
    def name(self) -> str:
        """The name of the tile's files."""
        return f"{self.row:05d}-{self.column:05d}"


@dataclass(frozen=True)
class TileGrid:
    """Tiles of one size, less what the edges of the matrix cut off.

    Attributes:
        num_sources: Rows of the matrix.
        num_probes: Columns of the matrix.
        height: Rows of a tile.
        width: Columns of a tile.
        is_symmetric: Whether the matrix is its own transpose, so that only tiles on and below the
            diagonal are computed.

    Raises:
        InputError: If a size is below 1, or a symmetric matrix or tile is not square.
    """

    num_sources: int
    num_probes: int
    height: int
    width: int
    is_symmetric: bool = False

    def __post_init__(self) -> None:
        """Check the sizes."""
        if min(self.num_sources, self.num_probes, self.height, self.width) < 1:
            message = f"a side of {self} is below 1; give tiles of at least one pair"
            raise InputError(message)
        is_square = self.num_sources == self.num_probes and self.height == self.width
        if self.is_symmetric and not is_square:
            message = f"{self} is symmetric and not square; give equal sides"
            raise InputError(message)

    @property
    def shape(self) -> tuple[int, int]:
        """Tiles along sources and along probes."""
        return -(-self.num_sources // self.height), -(-self.num_probes // self.width)

    def __len__(self) -> int:
        """How many tiles are computed."""
        rows, columns = self.shape
        return rows * (rows + 1) // 2 if self.is_symmetric else rows * columns

    def __iter__(self) -> Iterator[Tile]:
        """Tiles, each of which needs one block of examples at most that was not just used."""
        rows, columns = self.shape
        for row in range(rows):
            across = range(row + 1 if self.is_symmetric else columns)
            for column in across if row % 2 == 0 else reversed(across):
                yield Tile(row, column)

    def sources(self, tile: Tile) -> slice:
        """Which sources a tile holds."""
        return slice(tile.row * self.height, min((tile.row + 1) * self.height, self.num_sources))

    def probes(self, tile: Tile) -> slice:
        """Which probes a tile holds."""
        return slice(tile.column * self.width, min((tile.column + 1) * self.width, self.num_probes))

    def is_mirrored(self, tile: Tile) -> bool:
        """Whether a tile stands for its mirror image too."""
        return self.is_symmetric and tile.row != tile.column

    def num_pairs(self, tile: Tile) -> int:
        """How many pairs are computed for a tile, in which a pair and its mirror image are one."""
        sources, probes = self.sources(tile), self.probes(tile)
        height, width = sources.stop - sources.start, probes.stop - probes.start
        if self.is_symmetric and tile.row == tile.column:
            return height * (height + 1) // 2
        return height * width
