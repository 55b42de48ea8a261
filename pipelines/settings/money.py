"""What purchases leave, and what is decided by it: [economics], [tiers], [decisions]."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from lifeworth.models.decisions.targeting.tiers import REST

from . import checks
from .checks import Problem
from .table import Attribute, Cost, Costs, CostShares, Positive, Quantile, Share, ShareBelowOne, SomeShare, Table


class EconomicsSettings(Table):
    """What a purchase leaves: needed to speak of money."""

    margin: SomeShare | Attribute = Field(
        description="contribution margin, or the name of an attribute that holds each customer's own",
        examples=[0.30],
    )
    annual_discount_rate: ShareBelowOne = Field(
        description="what money a year later is worth less: 0.15 is 15 % a year", examples=[0.15]
    )
    currency: str = Field(default="", description='sign or code of the amounts, such as "$" or "EUR"; a label alone')
    cac: Cost | Costs | None = Field(
        default=None,
        description="customer acquisition cost: one number, or one for each value of cac_by",
        examples=[{"search": 20.0, "email": 5.0}],
    )
    cac_by: Attribute | None = Field(
        default=None, description="the attribute that tells acquisition costs apart", examples=["channel"]
    )
    cost_share: ShareBelowOne | CostShares = Field(
        default=0.0, description="further costs as a share of the amount, such as {payment = 0.014}"
    )
    cost_per_order: Cost | Costs = Field(
        default=0.0, description="costs of each order, such as {shipping = 3.9, packing = 0.6}"
    )
    cost_per_year_alive: Cost | Costs = Field(
        default=0.0, description="costs of each year a customer stays, such as {crm = 0.8}"
    )
    fixed_cost_per_year: Cost = Field(default=0.0, description="costs of the whole base, told beside its value")
    assumed: tuple[str, ...] = Field(
        default=(),
        title="a list of keys",
        description="keys above that nobody has checked yet; the report says so; take out what you have checked",
    )

    def problems(self) -> Iterator[Problem]:
        """A CAC by group has its attribute, and `assumed` names keys."""
        if isinstance(self.cac, dict) and self.cac_by is None:
            yield Problem("cac_by", 'missing; cac by group needs the attribute of its keys: cac_by = "channel".')
        if self.cac_by is not None and not isinstance(self.cac, dict):
            given = "no cac" if self.cac is None else f"{self.cac:g}"
            yield Problem("cac", f"expected one cost for each value of cac_by ({self.cac_by!r}); got {given}.")
        keys = [key for key in type(self).model_fields if key != "assumed"]
        yield from checks.unknown_names("assumed", self.assumed, keys, "keys of [economics]")


class TierSettings(Table):
    """Loyalty tiers."""

    shares: dict[str, SomeShare] = Field(
        default_factory=lambda: {"gold": 0.05, "silver": 0.15, "bronze": 0.30},
        min_length=1,
        description="share of the customers in each tier, best first; the rest is in none",
    )
    change_beyond: ShareBelowOne = Field(
        default=0.1, description="a customer changes tier only when more probable by this much, so that nobody flaps"
    )

    def problems(self) -> Iterator[Problem]:
        """Shares of one whole, and no tier called as the rest is."""
        yield from checks.tier_problems(self.shares, REST)


class DecisionSettings(Table):
    """What the lists of the report are made for."""

    bid_quantile: Quantile = Field(
        default=0.25, description="caution: a bid ceiling is this quantile of what the mean new customer is worth"
    )
    required_return: ShareBelowOne = Field(
        default=0.0, description="share of that worth which winning customers must leave"
    )
    win_back_cost: Positive | None = Field(default=None, description="cost of asking one customer back", examples=[1.5])
    win_back_uplift: Share | None = Field(
        default=None,
        description="share of lapsed customers who return because they are asked, from a test",
        examples=[0.03],
    )
    win_back_budget: Positive | None = Field(default=None, description="to spend on it in all", examples=[5000.0])
    limit_quantile: Quantile = Field(
        default=0.25,
        description="risk: spent on every customer, the recommended limits come back with one minus this probability",
    )

    def problems(self) -> Iterator[Problem]:
        """Cost and uplift of winning back come together."""
        if (self.win_back_cost is None) != (self.win_back_uplift is None):
            absent = "win_back_cost" if self.win_back_cost is None else "win_back_uplift"
            yield Problem(absent, "missing; win_back_cost and win_back_uplift are given together, or neither.")
        elif self.win_back_budget is not None and self.win_back_cost is None:
            yield Problem("win_back_budget", "expected win_back_cost and win_back_uplift beside it; got neither.")
