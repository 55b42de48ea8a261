"""What everything stands on: units, rows, summaries, priors, errors, threads."""
