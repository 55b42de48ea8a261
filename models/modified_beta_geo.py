r"""MBG/NBD: as BG/NBD, but a customer may also leave right after the first purchase.

Batislam, Denizel & Filiztekin (2007), Empirical Validation and Comparison of Models for Customer Base Analysis,
International Journal of Research in Marketing 24:3, 201-209.

While alive a customer buys as a Poisson process with rate :math:`\lambda`; after each purchase, the first included,
the customer is gone with probability :math:`p`. Across customers :math:`\lambda \sim \Gamma(r, \alpha)` and
:math:`p \sim \mathrm{Beta}(a, b)`. With x repeat purchases, the last at t_x, observed to T, one customer has

.. math::

    L = \frac{\Gamma(r+x)\,\alpha^r}{\Gamma(r)}\,\frac{B(a, b+x+1)}{B(a, b)}
        \left[ (\alpha+T)^{-(r+x)} + \frac{a}{b+x}\,(\alpha+t_x)^{-(r+x)} \right]

A customer who has bought once may be gone. The formulas stand in `beta_geometric`, with k = x + 1 tosses.
"""

from __future__ import annotations

from typing import ClassVar, final

from .beta_geometric import BetaGeometric
from .kernels.beta_geometric import modified_beta_geo_log_likelihood


@final
class ModifiedBetaGeoModel(BetaGeometric):
    """The MBG/NBD model (Batislam, Denizel & Filiztekin 2007); coordinates of the priors as in `BetaGeometric`.

    Examples
    --------
    >>> import lifeworth as lw
    >>> model = lw.ModifiedBetaGeoModel.from_parameters(r=0.5248, alpha=6.1831, a=0.8914, b=1.614, unit="W")
    >>> round(model.expected_purchases_new_customer(horizon="52W")["mean"].item(), 3)
    1.419
    """

    name: ClassVar[str] = "MBG/NBD"
    extra_tosses: ClassVar[int] = 1
    weighted_log_likelihood = staticmethod(modified_beta_geo_log_likelihood)
