"""Backtests: what would have been forecast at days in the past, beside what came."""
