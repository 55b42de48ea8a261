"""What a new customer may cost, and when it is paid back."""
