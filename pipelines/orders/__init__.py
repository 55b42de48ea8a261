"""Order logs: reading them, cleaning by stated policies, summarising in the engine."""
