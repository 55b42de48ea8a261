"""Data to try things on: the reference sets and the simulator."""

from .cdnow import load_cdnow as load_cdnow
from .simulate import simulate_orders as simulate_orders
