"""A matrix that grows on disk tile by tile, and is read as one array."""

import errno
import shutil
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, final

import numpy as np
import xarray as xr
import xxhash
import zarr
from zarr.codecs import ZstdCodec

from neurashed.errors import StoreError
from neurashed.results.encoding import to_dataset
from neurashed.results.jsonable import to_jsonable
from neurashed.results.manifest import describe_file, is_changed, list_files
from neurashed.results.schema import SCHEMA_VERSION, check_result
from neurashed.results.stamp import STAMP
from neurashed.results.tiled.grid import Tile, TileGrid
from neurashed.results.tiled.halves import mirror_lower, read_lower
from neurashed.results.tiled.packing import (
    Packed,
    Storage,
    count_undefined,
    measure_error,
    pack,
    unpack,
)
from neurashed.results.tiled.selection import from_corner
from neurashed.results.tiled.writing import explain_write

__all__ = ["TiledMatrix"]

_SCALES = "row_scale"
# A tile is one file; within it, parts of this side are read by themselves.
_PART = 512
_OPENING = threading.Lock()


@final
class TiledMatrix:
    """The tiles of one result in a Zarr store, each in a file of its own.

    Attributes:
        path: The store.
        name: The measure, which names the array.
        grid: The tiles.
        storage: How numbers are kept.
    """

    def __init__(self, path: Path, name: str, grid: TileGrid, storage: Storage) -> None:
        """Look at a store; writes nothing."""
        self.path = path
        self.name = name
        self.grid = grid
        self.storage = storage
        self._arrays: dict[str, zarr.Array[Any]] = {}

    @classmethod
    def create(
        cls, path: Path, template: xr.DataArray, grid: TileGrid, storage: Storage
    ) -> "TiledMatrix":
        """Write all of a store but its tiles; a `StoreError` says what cannot be written.

        Args:
            path: The store; what is there of an earlier beginning is removed.
            template: A result with names, ids, labels and provenance; its values are not read.
            grid: The tiles.
            storage: How numbers are kept.

        Returns:
            The matrix, without tiles.
        """
        check_result(template)
        matrix = cls(path, template.attrs["measure"], grid, storage)
        with explain_write(path):
            if path.exists():
                shutil.rmtree(path)
            matrix._create(template)
        return matrix

    def _create(self, template: xr.DataArray) -> None:
        path, name, grid, storage = self.path, self.name, self.grid, self.storage
        labels = to_dataset(template)
        attrs = labels[name].attrs
        labels.drop_vars(name).to_zarr(path, mode="a", zarr_format=3, consolidated=False)
        group = zarr.open_group(path, mode="r+")
        group.attrs[STAMP] = {"schema_version": SCHEMA_VERSION, "complete": False}
        sides = (grid.height, grid.width)
        common: dict[str, Any] = {
            "compressors": [ZstdCodec(level=1, checksum=True)],
            "fill_value": 0,
            "overwrite": True,
        }
        group.create_array(
            name, shape=(grid.num_sources, grid.num_probes), dtype=storage.dtype,
            chunks=(_part_of(sides[0]), _part_of(sides[1])), shards=sides,
            dimension_names=("source", "probe"), attributes=attrs, **common,
        )  # fmt: skip
        if storage.is_scaled:
            group.create_array(
                _SCALES, shape=(grid.num_sources, grid.shape[1]), dtype="float32",
                chunks=(sides[0], 1), dimension_names=("source", "tile_of_probes"), **common,
            )  # fmt: skip

    @property
    def keeps_mirrors(self) -> bool:
        """Whether tiles above the diagonal are files too."""
        return self.grid.is_symmetric and self.storage.triangle == "both"

    def __getstate__(self) -> dict[str, Any]:
        """Leave opened arrays behind: another process opens its own."""
        return {**self.__dict__, "_arrays": {}}

    def write(self, tile: Tile, values: np.ndarray) -> tuple[dict[str, Any], Packed]:
        """Write one tile, and its mirror image where both triangles are kept.

        If the disk is full or cannot be written, a `StoreError` says so; tiles that are there stay.

        Args:
            tile: Which.
            values: Its numbers ``(source, probe)``.

        Returns:
            What the journal says of it (``files``, ``content``, ``undefined``, ``error``), and the
            tile as it is kept.
        """
        packed = pack(values, self.storage)
        with explain_write(f"tile {tile.name} of {self.path}"):
            files = self._put(tile, packed)
            if self.keeps_mirrors and tile.row != tile.column:
                files |= self._put(Tile(tile.column, tile.row), pack(values.T, self.storage))
        record = {
            "files": files,
            "content": xxhash.xxh3_128_hexdigest(packed.values.data),
            "undefined": count_undefined(values),
            "error": measure_error(values, packed, self.storage),
        }
        return record, packed

    def _put(self, tile: Tile, packed: Packed) -> dict[str, Any]:
        height, width = packed.values.shape
        top, left = tile.row * self.grid.height, tile.column * self.grid.width
        rows = slice(top, top + height)
        for name in self._files(tile):  # Zarr would merge the numbers with what is there
            (self.path / name).unlink(missing_ok=True)
        self._array(self.name)[rows, left : left + width] = packed.values
        if packed.scales is not None:
            self._array(_SCALES)[rows, tile.column : tile.column + 1] = packed.scales[:, None]
        return {name: describe_file(self.path / name) for name in self._files(tile)}

    def _files(self, tile: Tile) -> list[str]:
        names = [self.name, _SCALES] if self.storage.is_scaled else [self.name]
        return [f"{name}/c/{tile.row}/{tile.column}" for name in names]

    def _array(self, name: str) -> "zarr.Array[Any]":
        with _OPENING:  # an array keeps the setting: every tile is a file, even one of zeros
            if name not in self._arrays:
                with zarr.config.set({"array.write_empty_chunks": True}):
                    self._arrays[name] = zarr.open_array(self.path / name, mode="r+")
            return self._arrays[name]

    def remove_leftovers(self) -> None:
        """Remove files that a killed writer had not finished; nobody else may be writing."""
        for leftover in self.path.rglob("*.partial"):
            leftover.unlink(missing_ok=True)

    def is_whole(self, record: Mapping[str, Any]) -> bool:
        """Return whether the files of a tile are as its record says."""
        try:
            return bool(record["files"]) and not any(
                is_changed(self.path / name, entry) for name, entry in record["files"].items()
            )
        except (OSError, KeyError, TypeError, AttributeError):
            return False

    def read(self, tile: Tile, sources: Any = slice(None), probes: Any = slice(None)) -> np.ndarray:  # noqa: ANN401
        """Return some rows and columns of a tile that was written.

        Args:
            tile: Which.
            sources: Rows, counted from the tile's first: a slice or whole numbers.
            probes: Columns likewise.

        Returns:
            Numbers ``(source, probe)`` in ``storage.read_dtype``.

        Raises:
            StoreError: If a file of the tile is missing or damaged.
            MemoryError: If it does not fit in memory.
        """
        if self.grid.is_symmetric and tile.column > tile.row:
            return self.read(Tile(tile.column, tile.row), probes, sources).T
        try:
            if not self._is_halved(tile):
                return self._get(tile, sources, probes)
            whole = self.grid.sources(tile)
            side = whole.stop - whole.start
            return read_lower(partial(self._get, tile), sources, probes, side)
        except MemoryError:
            raise
        except Exception as error:  # Zarr, its codecs and NumPy raise many kinds for bad bytes
            message = (
                f"tile {tile.name} of {self.path} is damaged ({type(error).__name__}: {error}); "
                "copy the whole folder again, or measure again"
            )
            raise StoreError(message) from error

    def unpack(self, tile: Tile, packed: Packed) -> np.ndarray:
        """Return the numbers of a tile as `read` returns them.

        Args:
            tile: Which.
            packed: The tile as `write` has kept it.

        Returns:
            Numbers ``(source, probe)`` in ``storage.read_dtype``.
        """
        values = unpack(packed, self.storage)
        return mirror_lower(values) if self._is_halved(tile) else values

    def _is_halved(self, tile: Tile) -> bool:
        """Whether the two halves of a tile are one, and differ as they are kept."""
        is_diagonal = self.grid.is_symmetric and tile.row == tile.column
        return is_diagonal and self.storage.is_scaled

    def _get(self, tile: Tile, sources: Any, probes: Any) -> np.ndarray:  # noqa: ANN401
        for name in self._files(tile):
            if not (self.path / name).stat().st_size:  # Zarr takes no bytes for zeros
                raise OSError(errno.EIO, "the file is empty", str(self.path / name))
        rows = from_corner(sources, self.grid.sources(tile))
        values = self._array(self.name).oindex[rows, from_corner(probes, self.grid.probes(tile))]
        scales = None
        if self.storage.is_scaled:
            scales = np.asarray(self._array(_SCALES).oindex[rows, tile.column])
        return unpack(Packed(np.asarray(values), scales), self.storage)

    def finish(
        self,
        records: Mapping[str, Mapping[str, Any]],
        *,
        provenance: Mapping[str, Any],
        source_coords: Mapping[str, np.ndarray] | None = None,
        job: Mapping[str, Any] | None = None,
    ) -> None:
        """Say last, when all tiles are there, that the store is whole.

        If that cannot be written, a `StoreError` says so.

        Args:
            records: What `write` said of each tile, by the tile's name.
            provenance: Added to the provenance of the result.
            source_coords: One value for each source by name.
            job: What was asked of the job that made it, see `Journal.job`.
        """
        with explain_write(self.path):
            self._finish(records, provenance, source_coords or {}, job)

    def _finish(
        self,
        records: Mapping[str, Mapping[str, Any]],
        provenance: Mapping[str, Any],
        source_coords: Mapping[str, np.ndarray],
        job: Mapping[str, Any] | None,
    ) -> None:
        self.remove_leftovers()
        group = zarr.open_group(self.path, mode="r+")
        for name, values in source_coords.items():
            group.create_array(name, data=values, dimension_names=("source",), overwrite=True)
        array = self._array(self.name)
        coordinates: set[str] = {*str(array.attrs.get("coordinates", "")).split(), *source_coords}
        merged = {**dict(array.attrs["provenance"]), **to_jsonable(provenance, "provenance")}  # pyright: ignore[reportCallIssue, reportArgumentType]
        array.attrs.update({"provenance": merged, "coordinates": " ".join(sorted(coordinates))})
        tiles = {name: entry for one in records.values() for name, entry in one["files"].items()}
        group.attrs[STAMP] = {
            "schema_version": SCHEMA_VERSION,
            "measure": self.name,
            "content_xxh3_128": _digest(records),
            "tiles": to_jsonable({"grid": self.grid, "storage": self.storage}, "tiles"),
            "job": job,
            "files": list_files(self.path, known=tiles),
            "complete": True,
        }


def _part_of(side: int) -> int:
    """Return the largest side of the parts of a tile that divides it."""
    return next(part for part in range(min(side, _PART), 0, -1) if side % part == 0)


def _digest(records: Mapping[str, Mapping[str, Any]]) -> str:
    digest = xxhash.xxh3_128()
    for name in sorted(records):
        digest.update(f"{name} {records[name]['content']}\n".encode())
    return digest.hexdigest()
