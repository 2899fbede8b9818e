"""The command line: parses, calls one library function, says where the result is.

A command is loaded when it is named, so that ``neurashed --help`` needs no torch. Names of
measures, readouts and models are strings here and nowhere else, and nothing but this room prints.
"""

from neurashed.cli.application import app

__all__ = ["app"]
