"""The page of all tables and figures."""

from collections.abc import Sequence

import jinja2

from neurashed.experiments.he_su_2020.whole_paper.sections import Section

__all__ = ["render_page"]


def render_page(sections: Sequence[Section], *, is_quick: bool) -> str:
    """Return the page as HTML; figures are in it, other files are linked.

    Args:
        sections: The parts so far.
        is_quick: Whether the numbers are those of the quick version.

    Returns:
        The whole file.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("neurashed.experiments.he_su_2020.whole_paper", "assets"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(sections=sections, is_quick=is_quick)
