"""The section of a report that says how the forecast would have fared, also where it misses."""

from __future__ import annotations

from typing import Final

from ..backtesting.scorecard import Scorecard
from . import plots
from .holdout import Holdout
from .plot_totals import plot_totals
from .report_parts import Chart, Part, Section, Table
from .tracking import Tracking
from .wording import count, day, money, percent, span

NAMES: Final = {"purchases": "Purchases", "spend": "Spend"}
LEVEL: Final = 0.9
"""What the intervals promise."""
MISSED: Final = (
    "The interval of a total is made to hold nine times in ten, this one did not. What one test cannot tell, the same "
    "test from several dates does."
)


def holdout_section(holdout: Holdout, tracking: Tracking | None, scorecard: Scorecard | None, currency: str) -> Section:
    """Totals first, from one date and from several, then customers, then weeks and groups."""
    parts = [_totals(holdout, currency)]
    parts += [_origins(scorecard)] if scorecard is not None else []
    parts += [_customers(holdout)]
    parts += _weeks(tracking) if tracking is not None and len(tracking.seen) else []
    parts += _groups(holdout)
    return Section("test", "How well it would have done", tuple(parts))


def _totals(holdout: Holdout, currency: str) -> Part:
    names = list(holdout.total["quantity"])
    text = (
        f"The models saw nothing after {day(holdout.until)}. What customers did in the {span(holdout.horizon)} "
        "that followed is known; here it stands beside what was forecast.",
        *(_verdict(holdout, name, currency) for name in names),
        holdout.forecast.calibration,
        *(() if holdout.total["inside"].all() else (MISSED,)),
    )
    rows = tuple(_total_row(holdout, name, currency) for name in names)
    table = Table(("total", "forecast", "90 % interval", "actual", "ratio"), rows)
    actual = float(holdout.total_of("purchases")["actual"])
    chart = Chart.of(
        lambda ax: plots.plot_total(holdout.forecast, "purchases", actual=actual, ax=ax),
        "Histogram of the forecast of all purchases, with the number that came.",
        f"Simulated totals of {span(holdout.horizon)}, dark bars hold 90 % of them; the line is the actual number, "
        f"{percent(abs(holdout.total_of('purchases')['ratio'] - 1.0), 1)} from what was expected.",
    )
    return Part(text, chart, table)


def _origins(scorecard: Scorecard) -> Part:
    """The same test from several dates, whose errors the intervals have learned from."""
    found = scorecard.coverage_of_totals()
    found = found[(found["horizon"] == "all") & (found["quantity"] == "purchases")]
    held = dict(zip(found["interval"], found["held"], strict=True))
    horizon = scorecard.totals["horizon"].iloc[0]
    text = (
        f"The same test was made from {scorecard.totals['origin'].nunique()} dates before, each knowing only what was "
        f"known then: the 90 % interval of total purchases held {percent(held['honest'])} of "
        f"{count(found['forecasts'].iloc[0])} totals. Without the model's past error in it, it would have held "
        f"{percent(held['textbook'])}.",
    )
    chart = Chart.of(
        lambda ax: plot_totals(scorecard, "purchases", horizon, ax=ax),
        f"Forecasts of all purchases over {span(horizon)} from several dates, with what came.",
        f"Totals of {span(horizon)} by the date they were forecast on. Pale bars hold the model's past error, dark "
        "bars doubt about its numbers and chance alone; dots are what came.",
    )
    return Part(text, chart, heading="From several dates")


def _write(value: float, name: str, currency: str) -> str:
    return count(value) if name == "purchases" else money(value, currency)


def _verdict(holdout: Holdout, name: str, currency: str) -> str:
    total = holdout.total_of(name)
    low, high, mean, actual = (_write(total[key], name, currency) for key in ("q05", "q95", "mean", "actual"))
    gap = total["ratio"] - 1.0
    where = "within the 90 % interval" if total["inside"] else "outside the 90 % interval"
    return (
        f"{NAMES[name]}: {mean} were forecast ({low} to {high}), {actual} came: {percent(abs(gap), 1)} "
        f"{'more' if gap > 0 else 'less'}, {where}."
    )


def _total_row(holdout: Holdout, name: str, currency: str) -> tuple[str, ...]:
    total = holdout.total_of(name)
    mean, low, high, actual = (_write(total[key], name, currency) for key in ("mean", "q05", "q95", "actual"))
    return NAMES[name], mean, f"{low} to {high}", actual, f"{total['ratio']:.2f}"


def _customers(holdout: Holdout) -> Part:
    share = holdout.coverage_of("purchases")
    holds = "do hold" if share >= LEVEL else "hold less than they promise"
    text = (
        f"For single customers the intervals {holds}: {percent(share, 1)} of the customers bought a number of times "
        "within their own 90 % interval. Purchases are whole numbers, mostly 0, so that an interval must often hold "
        "more than its level.",
    )
    levels = sorted(holdout.coverage["level"].unique())
    rows = tuple(
        (NAMES[name], *(percent(holdout.coverage_of(name, level), 1) for level in levels))
        for name in holdout.total["quantity"]
    )
    columns = ("customers within their", *(f"{percent(level)} interval" for level in levels))
    return Part(text, table=Table(columns, rows), heading="Single customers")


def _weeks(tracking: Tracking) -> list[Part]:
    seen = tracking.seen
    last = seen.iloc[-1]
    total = (
        f"All repeat purchases since the start. By {day(last['week_end'])} there were "
        f"{count(last['cumulative_actual'])}, {count(last['cumulative_expected'])} were expected."
    )
    weekly = Chart.of(
        lambda ax: plots.plot_tracking(tracking, ax=ax),
        "Lines of weekly purchases, actual and forecast.",
        f"Purchases by week. The shaded bands hold 50, 80 and 90 % of simulated weeks. {_busiest(tracking)}",
    )
    cumulative = Chart.of(
        lambda ax: plots.plot_tracking(tracking, cumulative=True, ax=ax),
        "Lines of purchases since the start, actual and forecast.",
        total,
    )
    return [Part(chart=weekly, heading="Week by week"), Part(chart=cumulative)]


def _busiest(tracking: Tracking) -> str:
    seen = tracking.seen
    week = seen.iloc[int(seen["actual"].to_numpy().argmax())]
    told = (
        f"The busiest week after the cut-off, ending {day(week['week_end'])}, had {count(week['actual'])} "
        f"purchases; {count(week['expected'])} were expected"
    )
    return f"{told}: the model knows no season and no campaigns." if week["actual"] > week["q95"] else f"{told}."


def _groups(holdout: Holdout) -> list[Part]:
    groups, tenths = holdout.by_frequency, holdout.by_p_active
    inside = int(groups["actual"].between(groups["q05"], groups["q95"]).sum())
    frequency = Chart.of(
        lambda ax: plots.plot_purchases_by_frequency(holdout, ax=ax),
        "Purchases per customer by earlier repeat purchases, actual and forecast with intervals.",
        f"Customers grouped by how often they had come back: {inside} of {len(groups)} groups bought as often as "
        "forecast, within the interval for the group.",
    )
    low, high = (
        f"{percent(tenth['predicted'])} were expected to buy and {percent(tenth['actual'])} did"
        for tenth in (tenths.iloc[0], tenths.iloc[-1])
    )
    active = Chart.of(
        lambda ax: plots.plot_calibration_active(holdout, ax=ax),
        "Share of customers who bought against the predicted probability, by tenth of the customers.",
        f"Customers in ten groups by their predicted probability to buy again. In the lowest, {low}; in the highest, "
        f"{high}.",
    )
    return [Part(chart=frequency, heading="Group by group"), Part(chart=active)]
