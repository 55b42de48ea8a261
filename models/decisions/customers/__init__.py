"""Who the customers are: segments and cohorts."""
