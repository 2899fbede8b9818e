"""The peers and the environments they live in."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PEERS_FOLDER", "Peer", "interpreter_of", "read_peers"]

PEERS_FOLDER = Path(__file__).resolve().parent.parent / ".venv-peers"
PEERS_FILE = Path(__file__).resolve().parent / "peers.toml"


@dataclass(frozen=True)
class Peer:
    """What to install for one peer: first torch, if it needs it, then the requirements."""

    name: str
    torch: str | None
    requirements: tuple[str, ...]

    @property
    def stamp(self) -> str:
        """What its environment is made of, kept there to tell whether it is up to date."""
        return "\n".join([str(self.torch), *self.requirements])


def interpreter_of(peer: str) -> Path:
    """The Python of the environment of a peer, whether or not it is there."""
    return PEERS_FOLDER / peer / "bin" / "python"


def read_peers() -> list[Peer]:
    """The peers of ``peers.toml``."""
    table = tomllib.loads(PEERS_FILE.read_text())
    torch = table.pop("torch")
    return [
        Peer(name, torch if entry.get("torch", True) else None, tuple(entry["requirements"]))
        for name, entry in table.items()
    ]
