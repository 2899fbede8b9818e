"""``neurashed reproduce he-su-2020 pretrained``."""

import typer

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command("pretrained", epilog="Example: neurashed reproduce he-su-2020 pretrained --help")
def pretrained() -> None:
    """Take a step on an image of each class and watch the other images."""
