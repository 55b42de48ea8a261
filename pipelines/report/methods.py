"""The section on methods: what was done, in plain words, and the papers it comes from."""

from __future__ import annotations

from typing import Final

from ..record.record import RunRecord
from ..reporting.language import gettext as _
from ..reporting.language import marked, ngettext
from ..reporting.wording import count, listed, span
from .parts import English, Part, Section

MODELS: Final = {
    "BG/NBD": marked(
        "While customers they buy at random, each at a rate of their own; after each repeat purchase they may leave, "
        "each with a probability of their own."
    ),
    "MBG/NBD": marked(
        "While customers they buy at random, each at a rate of their own; after each purchase, the first included, "
        "they may leave, each with a probability of their own."
    ),
    "Pareto/NBD": marked(
        "While customers they buy at random, each at a rate of their own; they may leave at any time, each at a rate "
        "of their own."
    ),
    "Gamma-Gamma": marked(
        "What a customer spends on a purchase varies about a mean of their own; means differ between customers."
    ),
}
"""What each model says, in a sentence."""
PAPERS: Final = {
    "BG/NBD": 'Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24:2, 275-284.',
    "MBG/NBD": "Batislam, Denizel & Filiztekin (2007), Empirical Validation and Comparison of Models for Customer Base "
    "Analysis, International Journal of Research in Marketing 24:3, 201-209.",
    "Pareto/NBD": "Schmittlein, Morrison & Colombo (1987), Counting Your Customers: Who Are They and What Will They Do "
    "Next?, Management Science 33:1, 1-24; Fader & Hardie, notes 009 (2005), 028 and 039 on brucehardie.com.",
    "Gamma-Gamma": "Colombo & Jiang (1999); Fader, Hardie & Lee (2005), RFM and CLV: Using Iso-Value Curves for "
    "Customer Base Analysis, Journal of Marketing Research 42:4, 415-430; Fader & Hardie (2013), The Gamma-Gamma Model "
    "of Monetary Value, note 025 on brucehardie.com.",
}
"""Where each model comes from."""
LITERATURE: Final = (
    "Gupta, Hanssens, Hardie et al. (2006), Modeling Customer Lifetime Value, Journal of Service Research 9:2.",
    "Vehtari, Simpson, Gelman, Yao & Gabry (2024), Pareto Smoothed Importance Sampling, Journal of Machine Learning "
    "Research 25:72.",
    "Gneiting & Raftery (2007), Strictly Proper Scoring Rules, Prediction, and Estimation, Journal of the American "
    "Statistical Association 102:477, 359-378.",
    "Kennedy & O'Hagan (2001), Bayesian Calibration of Computer Models, Journal of the Royal Statistical Society B "
    "63:3.",
    "Hughes (1994), Strategic Database Marketing.",
    "Ascarza (2018), Retention Futility: Targeting High-Risk Customers Might Be Ineffective, Journal of Marketing "
    "Research 55:1.",
    "Braun, Schweidel & Stein (2015), Transaction Attributes and Customer Valuation, Journal of Marketing Research "
    "52:6.",
)
"""Value; draws; scores; the model's past error; segments; whom to win back, and what that gains at most."""


def methods(record: RunRecord) -> Section:
    """Tell what was done."""
    parts = (_steps(record), _models(record), _papers(record))
    return Section("methods", _("How it was done"), parts, _("Methods"))


def _steps(record: RunRecord) -> Part:
    """What was done, in the order in which it was done."""
    totals = record.scorecard.totals
    origins, horizons = totals["origin"].nunique(), list(dict.fromkeys(totals["horizon"]))
    points = (
        _(
            "The orders of each customer were summed up: how many purchases, when the first and the last, how much "
            "was spent on average. The models need nothing else."
        ),
        _(
            "Each model was fitted by Bayes' rule: thousands of draws of its parameters, as likely as the orders make "
            "them, made by importance sampling from a normal approximation, which checks itself; where that check "
            "fails, by Hamiltonian Monte Carlo."
        ),
        ngettext(
            "Each model then forecast from {origins} day in the past, knowing only what was known then, {horizons} "
            "ahead; what really came was compared with it by scores that reward honest probabilities.",
            "Each model then forecast from {origins} days in the past, knowing only what was known then, {horizons} "
            "ahead; what really came was compared with it by scores that reward honest probabilities.",
            origins,
        ).format(origins=count(origins), horizons=listed([span(label) for label in horizons])),
        _taken(record),
        _(
            "Expected values are computed exactly. For the intervals {draws} futures of every customer were simulated, "
            "each with a draw of the parameters and of the model's past error of its own; totals are summed within "
            "each future."
        ).format(draws=count(record.valuation.basis.draws)),
        _(
            "Value is margin on the purchases of these futures, less their costs, discounted to the cut-off. Where "
            "groups of new customers are compared, small groups are drawn towards the average of all."
        ),
    )
    return Part(points=points)


def _taken(record: RunRecord) -> str:
    """Which model, and by what."""
    models = list(record.scorecard.models)
    if len(models) == 1:
        return _("{model} is the only model that was tested.").format(model=record.choice.model)
    return _(
        "Of {models}, {model} was taken: the model whose forecasts came nearest, the simplest of those that are "
        "equally good."
    ).format(models=listed(models), model=record.choice.model)


def _models(record: RunRecord) -> Part:
    names = (*record.scorecard.models, record.spend.model.name)
    terms = tuple((name, _(MODELS[name])) for name in names if name in MODELS)
    return Part(terms=terms, heading=_("The models, in a sentence each"))


def _papers(record: RunRecord) -> Part:
    names = (*record.scorecard.models, record.spend.model.name)
    models = (f"{name}: {PAPERS[name]}" for name in names if name in PAPERS)
    return Part(points=tuple(English(paper) for paper in (*models, *LITERATURE)), heading=_("Where it comes from"))
