"""The work: order logs, runs, exports and reports."""
