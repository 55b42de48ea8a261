"""What can go wrong, as types: each message says what was expected, what came and what to do."""


class LifeworthError(Exception):
    """Base of every error that lifeworth raises on purpose."""


class InputError(LifeworthError, ValueError):
    """Data or an argument is impossible; the message names the column or argument, the rows and the remedy."""


class FitError(LifeworthError, RuntimeError):
    """A fit did not reach an answer that may be used; the message carries the verdict and the remedy."""


class PlaceError(LifeworthError):
    """A folder or disk let a run down: full, read-only, gone; what was there before is as it was."""


class ConvergenceWarning(UserWarning):
    """A fit was returned with a verdict that asks for care: see its ``diagnostics``."""


class HorizonWarning(UserWarning):
    """A horizon lies far beyond what the data can tell of: the model is trusted where nothing has tested it."""
