"""Install the peers: ``make bench-peers``, or ``python benchmarks/install_peers.py PEER ...``.

A peer that does not install is named at the end and left out; the others go on.
"""

import subprocess
import sys
import venv

from environments import PEERS_FOLDER, Peer, interpreter_of, read_peers


def pip_install(peer: Peer, *requirements: str) -> None:
    """Install into the environment of a peer, showing errors only."""
    command = [str(interpreter_of(peer.name)), "-m", "pip", "install", "-qq", *requirements]
    subprocess.run(command, check=True)


def install(peer: Peer) -> None:
    """Make the environment of a peer, unless it is there and up to date."""
    stamp = PEERS_FOLDER / peer.name / "installed.txt"
    if stamp.exists() and stamp.read_text() == peer.stamp:
        return
    venv.create(PEERS_FOLDER / peer.name, clear=True, with_pip=True)
    pinned = [peer.torch] if peer.torch else []
    if pinned:
        pip_install(peer, *pinned)
    pip_install(peer, *pinned, *peer.requirements)
    stamp.write_text(peer.stamp)


def main() -> None:
    """Install the peers named on the command line, or all of them."""
    chosen = set(sys.argv[1:])
    failed = []
    for peer in read_peers():
        if chosen and peer.name not in chosen:
            continue
        print(f"{peer.name} ...", flush=True)
        try:
            install(peer)
        except subprocess.CalledProcessError as error:
            failed.append(f"{peer.name}: pip ended with {error.returncode}")
    print("\n".join(failed) or "all peers are installed")


if __name__ == "__main__":
    main()
