"""Data to try things on: the reference sets and the simulators."""

from .cdnow import load_cdnow as load_cdnow
from .shop import Shop as Shop
from .shop import simulate_shop as simulate_shop
from .simulate import simulate_orders as simulate_orders
