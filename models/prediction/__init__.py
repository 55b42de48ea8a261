"""From draws and customers to futures. It knows no sampler."""
