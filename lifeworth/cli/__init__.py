"""The command line: `lifeworth init`, `check`, `run`, a command a step, and `demo`."""

from __future__ import annotations

from . import demo as demo
from . import run as run
from . import steps as steps
from .app import EPILOG as EPILOG
from .app import ExitCode as ExitCode
from .app import app as app
