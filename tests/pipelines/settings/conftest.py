"""An order log that nobody has described yet."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def orders() -> pd.DataFrame:
    """Orders of customers who each have a channel, with a status that says nothing of them."""
    rng = np.random.default_rng(4)
    who = np.repeat(np.arange(60), 6)
    days = pd.Timestamp("2026-06-01") + pd.to_timedelta(rng.integers(0, 180, who.size), unit="D")
    return pd.DataFrame(
        {
            "order_no": np.arange(who.size) // 2,
            "customer": [f"{id:05d}" for id in who],
            "day": days.strftime("%Y-%m-%d"),
            "amount": rng.gamma(2.0, 20.0, who.size).round(2),
            "channel": np.array(["search", "email", "social"])[who % 3],
            "status": rng.choice(["paid", "open"], who.size, p=[0.97, 0.03]),
            "note": [f"thank you {number}" for number in rng.integers(0, 10**6, who.size)],
        }
    )


@pytest.fixture
def invoice_lines(orders: pd.DataFrame) -> pd.DataFrame:
    """Lines such as those of Online Retail: quantity and price, cancellations, lines of nobody."""
    log = orders
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "InvoiceNo": [f"{'C' if number % 17 == 0 else ''}{536365 + number}" for number in log["order_no"]],
            "StockCode": rng.choice(["85123A", "71053", "84406B"], len(log)),
            "Description": rng.choice(["WHITE HANGING HEART", "WHITE METAL LANTERN"], len(log)),
            "Quantity": np.where(log["order_no"] % 17 == 0, -1, rng.integers(1, 24, len(log))),
            "InvoiceDate": log["day"] + " 08:26:00",
            "UnitPrice": rng.choice([2.55, 3.39, 2.75, 7.65], len(log)),
            "CustomerID": log["customer"].astype(float).where(log["order_no"] % 5 != 0) + 12346.0,
            "Country": np.where(log["customer"].astype(int) % 7 == 0, "France", "United Kingdom"),
        }
    )
