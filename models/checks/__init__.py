"""Do the data suit the models: checks of customers before a fit, and of parameters after it."""
