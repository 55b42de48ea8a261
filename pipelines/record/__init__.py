"""What a run has found, and what the last one published."""
