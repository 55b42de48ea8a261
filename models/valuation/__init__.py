"""From futures and economics to money. It knows no model."""
