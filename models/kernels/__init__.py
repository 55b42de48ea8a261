"""Compiled work of the models: likelihoods of rows, and what lies ahead."""
