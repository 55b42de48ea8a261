"""When the money comes, what all customers are worth, and what has changed since the last time."""
