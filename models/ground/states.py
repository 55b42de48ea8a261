"""The whole hidden state of a customer, the past included: what `draw_state` of the transaction models returns."""

from __future__ import annotations

from typing import NamedTuple

from .rows import FloatArray


class State(NamedTuple):
    """Hidden states of customers, each array (customers, draws), in the model's time units.

    `Latent` keeps what matters for the future; this keeps what each customer is, whether still alive or gone.

    Attributes
    ----------
    rate : array
        The customer's own purchase rate lambda while alive, per unit of time.
    dropout : array
        The customer's own dropout: in BG/NBD and MBG/NBD the probability p of leaving after a purchase, in
        Pareto/NBD the rate mu of leaving, per unit of time.
    gone_at : array
        Time from the first purchase at which the customer left; infinite for one alive at the cut-off.
    """

    rate: FloatArray
    dropout: FloatArray
    gone_at: FloatArray
