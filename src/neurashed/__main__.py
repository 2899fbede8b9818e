"""The ``neurashed`` command."""

from neurashed.cli import app

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    app(prog_name="neurashed")


if __name__ == "__main__":
    main()
