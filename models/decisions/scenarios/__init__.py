"""What a change of retention, frequency, order value, margin, costs or discounting is worth."""
