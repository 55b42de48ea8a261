"""Scores of forecasts: arrays of what was said and of what came, to numbers."""
