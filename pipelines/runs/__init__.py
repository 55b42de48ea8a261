"""The scheduled run: its steps, what they leave, and how it goes on after a kill."""
