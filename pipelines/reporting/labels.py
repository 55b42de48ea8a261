"""Names that our own code gives to things (segments, tiers, items of a cash flow), said in the language spoken.

They are data elsewhere: keys of tables, stable and English. Here alone each is a message of the catalogues. What users
have named themselves (a channel, a tier of their own) is never translated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .language import gettext, isolated, marked

SEGMENTS: Final = {
    # Translators: champions, loyal and so on, to "lost", are names of segments of customers
    "champions": marked("champions"),
    "loyal": marked("loyal"),
    "potential loyalists": marked("potential loyalists"),
    "new customers": marked("new customers"),
    "promising": marked("promising"),
    "need attention": marked("need attention"),
    "about to sleep": marked("about to sleep"),
    "at risk": marked("at risk"),
    "cannot lose them": marked("cannot lose them"),
    "hibernating": marked("hibernating"),
    "lost": marked("lost"),
}
VALUE_TIERS: Final = {
    # Translators: all customers, where they are not told apart
    "all": marked("all"),
    "highest": marked("highest"),
    # Translators: high, middle and low are said of the value of customers, as in "high value"
    "high": marked("high"),
    "middle": marked("middle"),
    "low": marked("low"),
    "lowest": marked("lowest"),
}
LOYALTY_TIERS: Final = {
    "gold": marked("gold"),
    "silver": marked("silver"),
    "bronze": marked("bronze"),
    # Translators: customers who belong to no loyalty tier
    "none": marked("none"),
}
"""Tiers of the settings we begin with; others are the user's own words."""
CASH_ITEMS: Final = {
    "purchases": marked("purchases"),
    "revenue": marked("revenue"),
    "margin": marked("margin"),
    "cost of orders": marked("cost of orders"),
    "cost of customers": marked("cost of customers"),
    "contribution": marked("contribution"),
    "contribution of new customers": marked("contribution of new customers"),
    "cost of acquisition": marked("cost of acquisition"),
    "fixed cost": marked("fixed cost"),
    "profit": marked("profit"),
    "discounted contribution": marked("discounted contribution"),
    "discounted profit": marked("discounted profit"),
}
BRIDGE_PARTS: Final = {
    "before": marked("before"),
    "passage of time": marked("passage of time"),
    "behaviour of existing customers": marked("behaviour of existing customers"),
    "new customers": marked("new customers"),
    "customers no longer in the data": marked("customers no longer in the data"),
    "changed model": marked("changed model"),
    "changed economics": marked("changed economics"),
    "after": marked("after"),
}


def segment(name: Any) -> str:
    """Name of a segment of customers."""
    return _said(SEGMENTS, name)


def value_tier(name: Any) -> str:
    """Name of a value tier of segments."""
    return _said(VALUE_TIERS, name)


def loyalty_tier(name: Any) -> str:
    """Name of a loyalty tier; the user's own as it is."""
    return _said(LOYALTY_TIERS, name)


def cash_item(name: Any) -> str:
    """Name of an item of a cash flow."""
    return _said(CASH_ITEMS, name)


def bridge_part(name: Any) -> str:
    """Name of a part of the bridge between two valuations."""
    return _said(BRIDGE_PARTS, name)


def in_unit(quantity: str, unit: str) -> str:
    """Name a quantity with its unit, as beside an axis; without one, the quantity alone."""
    return gettext("{quantity}, {unit}").format(quantity=quantity, unit=unit) if unit else quantity


def capital(text: str) -> str:
    """Begin a text with a capital letter, where the script has any.

    Examples
    --------
    >>> capital("gold")
    'Gold'
    """
    return f"{text[:1].upper()}{text[1:]}"


def _said(names: Mapping[str, str], name: Any) -> str:
    known = names.get(str(name))
    return isolated(str(name)) if known is None else gettext(known)
