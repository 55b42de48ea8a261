"""From a valuation to decisions: each function returns a tidy frame with its rule. They know no model."""
