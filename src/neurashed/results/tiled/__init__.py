"""Results too large for memory: a matrix in tiles on disk that grows, survives, and reads as one.

It cuts, packs, writes and reads tiles, and keeps the journal of what is done. It computes none of
the numbers, and knows no executor: that is the `scale` room.
"""

from neurashed.results.tiled.grid import Tile, TileGrid
from neurashed.results.tiled.journal import Journal, read_identity
from neurashed.results.tiled.matrix import TiledMatrix
from neurashed.results.tiled.packing import (
    Packed,
    Storage,
    count_bytes,
    measure_error,
    pack,
    unpack,
)
from neurashed.results.tiled.places import check_free, is_made, journal_of, remove_leftovers
from neurashed.results.tiled.writing import explain_write

__all__ = [
    "Journal",
    "Packed",
    "Storage",
    "Tile",
    "TileGrid",
    "TiledMatrix",
    "check_free",
    "count_bytes",
    "explain_write",
    "is_made",
    "journal_of",
    "measure_error",
    "pack",
    "read_identity",
    "remove_leftovers",
    "unpack",
]
