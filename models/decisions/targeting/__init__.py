"""Whom to win back, whom to keep, whom to reward, and with how much."""
