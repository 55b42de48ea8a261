r"""BG/NBD: purchases at a gamma-distributed rate, dropout by the toss of a coin after each repeat purchase.

Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24:2, 275-284.

While alive a customer buys as a Poisson process with rate :math:`\lambda`; after each repeat purchase the
customer is gone with probability :math:`p`. Across customers :math:`\lambda \sim \Gamma(r, \alpha)` and
:math:`p \sim \mathrm{Beta}(a, b)`. With x repeat purchases, the last at t_x, observed to T, one customer has
(their equation 6)

.. math::

    L = \frac{\Gamma(r+x)\,\alpha^r}{\Gamma(r)}\,\frac{B(a, b+x)}{B(a, b)}
        \left[ (\alpha+T)^{-(r+x)} + \mathbb 1_{x>0}\,\frac{a}{b+x-1}\,(\alpha+t_x)^{-(r+x)} \right]

A customer who has bought once is alive for certain: there was no toss yet. The formulas stand in `beta_geometric`,
with k = x tosses.
"""

from __future__ import annotations

from typing import ClassVar, final

from .beta_geometric import BetaGeometric
from .kernels.beta_geometric import beta_geo_log_likelihood


@final
class BetaGeoModel(BetaGeometric):
    """The BG/NBD model (Fader, Hardie & Lee 2005); coordinates of the priors as in `BetaGeometric`.

    Examples
    --------
    >>> import lifeworth as lw
    >>> model = lw.BetaGeoModel.from_parameters(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="W")
    >>> round(model.expected_purchases_new_customer(horizon="52W")["mean"].item(), 3)
    1.446
    """

    name: ClassVar[str] = "BG/NBD"
    extra_tosses: ClassVar[int] = 0
    weighted_log_likelihood = staticmethod(beta_geo_log_likelihood)
