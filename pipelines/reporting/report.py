"""The report: one HTML file that needs nothing else, for those who decide and for those who check."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from lifeworth.models.checks.verdict import DataVerdict
from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.ground.summary import CustomerSummary
from lifeworth.models.spend import FittedSpend
from lifeworth.models.valuation.value import Valuation

from ..backtesting.scorecard import Scorecard
from ..exports import write_bytes
from .holdout import Holdout
from .tracking import Tracking
from .wording import NO_BREAK

TEMPLATES = resources.files("lifeworth.pipelines") / "templates"


@dataclass(frozen=True, eq=False)
class ReportContent:
    """Everything a report tells of; it computes nothing that is not in here.

    Attributes
    ----------
    title : str
    source : str
        Where the orders come from, in a sentence.
    summary : CustomerSummary
    purchases : FittedPurchases
    spend : FittedSpend
    valuation : Valuation
        With its customers; horizons in the order in which they are to be told.
    holdout : Holdout, optional
        How the forecast would have fared, where the log goes on beyond the cut-off.
    tracking : Tracking, optional
    suited : DataVerdict, optional
        Whether the customers suit the models.
    written : str
        When and how, for the foot of the page.
    scorecard : Scorecard, optional
        How forecasts from earlier dates have fared.
    """

    title: str
    source: str
    summary: CustomerSummary
    purchases: FittedPurchases
    spend: FittedSpend
    valuation: Valuation
    holdout: Holdout | None = None
    tracking: Tracking | None = None
    suited: DataVerdict | None = None
    written: str = ""
    scorecard: Scorecard | None = None


def render_report(content: ReportContent) -> str:
    """The report as one HTML page: style and charts are inside, nothing is loaded from elsewhere.

    Whatever comes from the data (ids, names, remarks) is escaped.
    """
    from .report_sections import headline, sections

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_read("report.html.j2"))
    page = template.render(
        content=content,
        head=headline(content),
        sections=sections(content),
        style=Markup(_read("report.css")),
        version=version("lifeworth"),
    )
    return page.replace(" %", f"{NO_BREAK}%")


def write_report(content: ReportContent, path: str | Path) -> None:
    """Write the report to a file, whole or not at all."""
    write_bytes(Path(path), render_report(content).encode())


def _read(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
