"""What a treatment does to a customer: an effect with its error, from an experiment with a control group."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike

from ...ground.errors import InputError
from ...ground.numbers import is_number, percent_hint
from ...ground.pooling import pooled
from ...ground.rows import FloatArray, IntArray
from ...ground.summary import CustomerSummary
from ...valuation.terms import codes_of

type Of = Literal["return", "value", "contribution"]
type Each = float | Mapping[Any, float]
"""One number, or one for each segment."""
type Group = tuple[float, float]
"""Customers of a group of an experiment, and those of them who responded."""

OF: Final[dict[str, str]] = {
    "return": "probability that the treatment brings back a customer who has left",
    "value": "share by which it raises residual value",
    "contribution": "money of contribution it brings per treated customer",
}
"""What an effect may be the size of."""
SHARES: Final = ("return", "value")
FEWEST: Final = 2
"""Customers of a group from which their spread is known at all."""
ADDED: Final = 1.0
"""Responders, and as many others, added to each group for the standard error, which is then never 0
(Agresti & Caffo 2000, The American Statistician 54:4)."""
MOST_TIMES: Final = 2.0
"""A response that rises further says nothing of residual value, which may rise so far in no uplift."""
POOLED_DRAWS: Final = 20_000
"""Draws behind pooled effects: their means are known to a hundredth of their error."""


@dataclass(frozen=True)
class Uplift:
    """The effect of treating a customer, against not treating: what only an experiment can tell.

    Parameters
    ----------
    effect : float or mapping
        For the average customer, or for each value of the attribute `by`. May be negative.
    standard_error : float or mapping
        Of the effect; the error is one draw for all customers of a segment: it does not average out.
    of : {"return", "value", "contribution"}
        What the effect is: the probability that the treatment brings back a customer who has left; the share by which
        it raises residual value; or money of contribution per treated customer.
    by : str, optional
        Attribute of the summary whose values are the keys of `effect`.

    Raises
    ------
    InputError
        A percentage where a share is expected, a negative error, or a mapping without the attribute of its keys.

    Examples
    --------
    >>> Uplift(0.04, standard_error=0.01).effect
    0.04
    >>> measured = Uplift.from_experiment(treated=(1_000, 120), control=(1_000, 80))
    >>> round(measured.effect, 3), round(measured.standard_error, 4)
    (0.04, 0.0134)
    """

    effect: Each
    standard_error: Each = 0.0
    of: Of = "return"
    by: str | None = None

    def __post_init__(self) -> None:
        """Check every number, and keep copies of mappings that nobody can change."""
        if self.of not in OF:
            raise InputError(f"of: expected one of {', '.join(OF)}; got {self.of!r}.")
        for name in ("effect", "standard_error"):
            given = getattr(self, name)
            if isinstance(given, Mapping):
                object.__setattr__(self, name, MappingProxyType(dict(given)))
        self._check_keys()
        for label, one in _each("effect", self.effect):
            self._check_size(label, one)
        for label, one in _each("standard_error", self.standard_error):
            self._check_size(label, one)
            if one < 0.0:
                raise InputError(f"{label}: expected a standard error of 0 or more, got {one!r}.")

    @classmethod
    def from_experiment(
        cls,
        treated: Group | Mapping[Any, Group],
        control: Group | Mapping[Any, Group],
        *,
        of: Of = "return",
        share_gone: float = 1.0,
        by: str | None = None,
    ) -> Uplift:
        """Difference of two rates of response: (customers, responders) with the treatment, and without it.

        Parameters
        ----------
        treated, control : (customers, responders), or a mapping of them by segment
            Of customers assigned by chance.
        of : {"return", "value"}
            "return": the effect is the difference of the rates over `share_gone`. "value": the difference relative to
            the rate of the control group, taking value to rise as responses do.
        share_gone : float
            Share of the customers in the experiment who had left, such as the mean of 1 - p_alive: only they can be
            brought back. 1, the default, is cautious.
        by : str, optional
            Attribute of the summary whose values are the keys of the mappings.

        Raises
        ------
        InputError
            No control group, no customers in a group, more responders than customers.
        """
        if of not in SHARES:
            raise InputError(
                f'of: expected "return" or "value" for rates of response, got {of!r}. Money is measured by '
                "Uplift.from_contributions(treated=…, control=…)."
            )
        if not (is_number(share_gone) and 0.0 < share_gone <= 1.0):
            raise InputError(f"share_gone: expected a share above 0 and up to 1, such as 0.8; got {share_gone!r}.")
        found = {
            key: _difference(_group(f"treated{label}", one), _group(f"control{label}", other), of, share_gone)
            for key, label, one, other in _pairs(treated, control)
        }
        return cls(*_by_key(found, isinstance(treated, Mapping)), of, by)

    @classmethod
    def from_contributions(
        cls,
        treated: ArrayLike | Mapping[Any, ArrayLike],
        control: ArrayLike | Mapping[Any, ArrayLike],
        *,
        by: str | None = None,
    ) -> Uplift:
        """Difference of mean contributions, with the standard error of Welch (1947, Biometrika 34:28).

        Parameters
        ----------
        treated, control : array, or a mapping of arrays by segment
            One contribution a customer assigned to the group, 0 for who bought nothing; before the treatment's cost.
        by : str, optional
            Attribute of the summary whose values are the keys of the mappings.

        Raises
        ------
        InputError
            No control group, fewer than two customers in a group, or something that is no number.
        """
        found = {
            key: _welch(_contributions(f"treated{label}", one), _contributions(f"control{label}", other))
            for key, label, one, other in _pairs(treated, control)
        }
        return cls(*_by_key(found, isinstance(treated, Mapping)), "contribution", by)

    def pooled(self, seed: int = 0) -> Uplift:
        """The same with segments that borrow strength from one another: a small one does not lead by luck.

        Effects are partially pooled (Gelman et al., Bayesian Data Analysis, 3rd ed., section 5.4).

        Raises
        ------
        InputError
            No segments, or one without an error.
        """
        if self.by is None or not (self.errors > 0.0).all():
            raise InputError(
                "pooled: expected effects by segment, each with a standard error above 0; "
                f"got effect={self.effect!r}, standard_error={self.standard_error!r}."
            )
        draws = pooled(self.effects, self.errors, POOLED_DRAWS, np.random.default_rng(seed))
        means, errors = draws.mean(axis=1).tolist(), draws.std(axis=1).tolist()
        segments = self.segments
        return replace(
            self,
            effect=dict(zip(segments, means, strict=True)),
            standard_error=dict(zip(segments, errors, strict=True)),
        )

    @property
    def segments(self) -> tuple[Any, ...]:
        """Keys of the effect; one None where it is the same for all."""
        return tuple(self.effect) if isinstance(self.effect, Mapping) else (None,)

    @property
    def effects(self) -> FloatArray:
        """Effect of each segment, array (segments,)."""
        return np.array(
            [self.effect[key] if isinstance(self.effect, Mapping) else self.effect for key in self.segments]
        )

    @property
    def errors(self) -> FloatArray:
        """Standard error of each segment, array (segments,)."""
        error = self.standard_error
        return np.array([error[key] if isinstance(error, Mapping) else error for key in self.segments])

    def segment_of(self, summary: CustomerSummary) -> IntArray:
        """Place of each customer's segment in `segments`, array (customers,).

        Raises
        ------
        InputError
            The attribute is missing, or customers are of a segment without effect.
        """
        if not isinstance(self.effect, Mapping):
            return np.zeros(len(summary), dtype=np.int64)
        return codes_of(summary, "uplift", str(self.by), self.effect)

    def _check_keys(self) -> None:
        if isinstance(self.standard_error, Mapping):
            keys = set(self.effect) if isinstance(self.effect, Mapping) else set()
            if keys != set(self.standard_error):
                raise InputError(
                    f"standard_error: expected one for each segment of effect {list(keys)}, "
                    f"got {list(self.standard_error)}."
                )
        if isinstance(self.effect, Mapping) != (self.by is not None):
            raise InputError(
                'by: an effect by segment needs the attribute its keys belong to, such as by="segment", and an '
                f"attribute needs an effect for each of its values; got effect={self.effect!r}, by={self.by!r}."
            )

    def _check_size(self, label: str, one: object) -> None:
        if not is_number(one):
            raise InputError(f"{label}: expected a number, got {one!r}.")
        if self.of in SHARES and abs(one) > 1.0:
            raise InputError(
                f"{label}: expected a share such as 0.12 ({OF[self.of]}), got {one!r}.{percent_hint(one)} "
                'Money per treated customer is of="contribution".'
            )


def _each(name: str, given: Each) -> list[tuple[str, Any]]:
    """What was given under its name, or each of several under theirs."""
    if not isinstance(given, Mapping):
        return [(name, given)]
    if not given:
        raise InputError(f"{name}: expected at least one segment, got an empty mapping.")
    return [(f"{name}[{key!r}]", one) for key, one in given.items()]


def _pairs(treated: Any, control: Any) -> list[tuple[Any, str, Any, Any]]:
    """Key, label, treated and control group of each segment; one without key where there are none."""
    if control is None:
        raise InputError(
            "control: without customers left alone nobody knows what the treatment did; some would have come back by "
            "themselves. Keep a control group, chosen by chance."
        )
    if isinstance(treated, Mapping) != isinstance(control, Mapping) or (
        isinstance(treated, Mapping) and set(treated) != set(control)
    ):
        raise InputError(f"control: expected the same segments as treated; got {treated!r} and {control!r}.")
    if not isinstance(treated, Mapping):
        return [(None, "", treated, control)]
    return [(key, f"[{key!r}]", treated[key], control[key]) for key in treated]


def _by_key(found: dict[Any, tuple[float, float]], segmented: bool) -> tuple[Each, Each]:
    """Effects and errors, by segment if they were so given."""
    if not segmented:
        return found[None]
    return {key: one[0] for key, one in found.items()}, {key: one[1] for key, one in found.items()}


def _group(name: str, given: Any) -> Group:
    """Customers and responders of a group.

    Raises
    ------
    InputError
        Not two numbers, nobody in the group, or more responders than customers.
    """
    pair = tuple(given) if isinstance(given, (tuple, list)) else ()
    if not (len(pair) == 2 and all(map(is_number, pair))):
        raise InputError(f"{name}: expected (customers, responders) such as (5000, 240), got {given!r}.")
    customers, responders = float(pair[0]), float(pair[1])
    if customers <= 0.0:
        raise InputError(f"{name}: expected customers in the group, got {customers:g}; an empty group tells nothing.")
    if not 0.0 <= responders <= customers:
        raise InputError(
            f"{name}: expected responders among the {customers:g} customers, got {responders:g}. "
            "Give their number, not a rate, customers first."
        )
    return customers, responders


def _difference(treated: Group, control: Group, of: Of, share_gone: float) -> tuple[float, float]:
    """Effect and standard error from two rates of response."""
    rates = [responders / customers for customers, responders in (treated, control)]
    variances = []
    for customers, responders in (treated, control):
        size = customers + 2.0 * ADDED
        rate = (responders + ADDED) / size
        variances.append(rate * (1.0 - rate) / size)
    if of == "return":
        return (rates[0] - rates[1]) / share_gone, math.sqrt(sum(variances)) / share_gone
    if rates[1] == 0.0:
        raise InputError(
            "control: nobody responded, so there is no rate to be raised; expected at least one responder."
        )
    ratio = rates[0] / rates[1]  # error of a ratio to first order
    if ratio > MOST_TIMES:
        raise InputError(
            f"treated: responses rose {ratio:.3g} times; that residual value does so too is not for granted. "
            "Measure money: Uplift.from_contributions(treated=…, control=…)."
        )
    return ratio - 1.0, math.sqrt(variances[0] + ratio**2 * variances[1]) / rates[1]


def _contributions(name: str, given: Any) -> FloatArray:
    try:
        values = np.asarray(given, dtype=float).ravel()
    except (TypeError, ValueError):
        values = np.empty(0)
    if len(values) < FEWEST or not np.isfinite(values).all():
        raise InputError(
            f"{name}: expected a contribution for each of at least {FEWEST} customers of the group, 0 for who bought "
            f"nothing; got {len(values):,}, of which {int(np.isfinite(values).sum()):,} are numbers."
        )
    return values


def _welch(treated: FloatArray, control: FloatArray) -> tuple[float, float]:
    error = math.sqrt(sum(group.var(ddof=1) / len(group) for group in (treated, control)))
    return float(treated.mean() - control.mean()), error
