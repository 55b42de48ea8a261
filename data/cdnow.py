"""CDNOW: the order log on which the models of this field were published.

All orders, until the end of June 1998, of the 23,570 customers who bought from the music shop CDNOW for the
first time in the first quarter of 1997 (Fader & Hardie 2001, "Forecasting repeat sales at CDNOW", Interfaces
31(3)). The sample is the 1/10 systematic sample of 2,357 customers to which the published parameters belong
(Fader, Hardie & Lee 2005, "Counting your customers the easy way", Marketing Science 24(2)).
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from lifeworth.models.ground.errors import InputError

DISTRIBUTION: Final = "lifetimes"
"""The package that carries the files; located, not imported, as its module of data sets cannot be."""

FULL: Final = "CDNOW_master.txt"
SAMPLE: Final = "CDNOW_sample.txt"

COLUMNS: Final = ("customer_id", "date", "quantity", "amount")
SAMPLE_COLUMNS: Final = ("customer_id", "sample_id", "date", "quantity", "amount")


def load_cdnow(sample: bool = False) -> pd.DataFrame:
    """Load the CDNOW order log.

    Parameters
    ----------
    sample : bool
        The classic sample of 2,357 customers instead of all 23,570.

    Returns
    -------
    DataFrame
        One row an order, 69,659 in all or 6,919 in the sample: customer_id (int64, the same in both), date
        (datetime64), quantity (int64, CDs), amount (float64, US dollars).

    Raises
    ------
    InputError
        The files are not installed.

    Examples
    --------
    >>> load_cdnow(sample=True).head(2)
       customer_id       date  quantity  amount
    0            4 1997-01-01         2   29.33
    1            4 1997-01-18         2   29.73
    """
    path = _file(SAMPLE if sample else FULL)
    table = pd.read_csv(
        path,
        sep=r"\s+",
        header=None,
        skiprows=0 if sample else 1,
        names=list(SAMPLE_COLUMNS if sample else COLUMNS),
        dtype={"date": str, "customer_id": np.int64, "quantity": np.int64, "amount": np.float64},
    )
    table["date"] = pd.to_datetime(table["date"], format="%Y%m%d")
    return table[list(COLUMNS)]


def _file(name: str) -> Path:
    """Find a data file of the installed distribution."""
    remedy = f"Install the distribution that carries CDNOW: pip install {DISTRIBUTION}."
    try:
        files = metadata.files(DISTRIBUTION) or []
    except metadata.PackageNotFoundError as error:
        raise InputError(f"load_cdnow: the distribution {DISTRIBUTION!r} is not installed. {remedy}") from error
    found = [Path(str(file.locate())) for file in files if file.name == name]
    if not (found and found[0].is_file()):
        raise InputError(f"load_cdnow: {name} is missing from the installed {DISTRIBUTION!r}. {remedy}")
    return found[0]
