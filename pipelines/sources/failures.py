"""What goes wrong outside, on disks and in databases, told as an InputError with a remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import ibis.common.exceptions as ibis_errors
import pyarrow as pa
from sqlglot.errors import SqlglotError

from lifeworth.models.ground.errors import InputError

from ..settings.secrets import scrub

REMEDIES: Final = {
    "no password supplied": "It asks for a password: write ${PGPASSWORD} into [source] url and set that variable.",
    "password authentication failed": "User or password is wrong: check [source] url and the variable it names.",
    "connection refused": "Nothing listens there: is the database running, are host and port right?",
    "could not translate host name": "No such host: check [source] url.",
    "failed to resolve host": "No such host: check [source] url.",
    "timeout expired": "No answer: check host, port and network.",
    "terminating connection": "The connection was ended by the server. Run again; nothing was kept of this read.",
    "server closed the connection": "The server went away. Run again; nothing was kept of this read.",
    "the connection is closed": "The server went away. Run again; nothing was kept of this read.",
    "connection is lost": "The server went away. Run again; nothing was kept of this read.",
    "could not set lock": "Another program has the file open for writing: close it, or run when it is done.",
    "different configuration": "This program has the file open for writing: read from another than you write to.",
    "equality operator": 'Name the columns that matter: query = "SELECT customer_id, date, amount FROM …".',
    "does not exist": "Check [source] table or query.",
    "permission denied": "Give this user the right to read it.",
    "no space left": "Free some space.",
    "file too large": "Free some space, or raise the limit of the system on the size of files.",
    "no files found": "Was a file moved while it was read? Run again.",
}
"""What to do, by words of the message of whoever failed; the first that fits."""

OURS: Final = (InputError, ibis_errors.IbisInputError, ibis_errors.IbisTypeError)
"""What says enough by itself, and expressions that are wrong whatever the data."""

INNER: Final = re.compile(r'"exception_message":"((?:[^"\\]|\\.)*)"')
"""Where DuckDB wraps what happened when it wrote into what became of the query."""

LONGEST: Final = 300
"""Characters of a foreign message that are told: engines print whole pages."""


@contextmanager
def told(what: str, *secrets: str) -> Iterator[None]:
    """Raise failures of engine, disk or network within as InputError.

    Parameters
    ----------
    what : str
        Begins the message: "source: could not read orders.csv".
    *secrets : str
        Never shown.
    """
    try:
        yield
    except Exception as error:
        if not _is_foreign(error):
            raise
        text = str(error.strerror or error) if isinstance(error, OSError) else str(error)
        # The cause is not chained: a traceback would show its words as they came, secrets included.
        message = _first_words(text)
    else:
        return
    raise InputError(scrub(f"{what}: {message}. {remedy(message)}".rstrip(), *secrets))


@contextmanager
def named(what: str) -> Iterator[None]:
    """Let an InputError say of which file or database it speaks, if it does not."""
    try:
        yield
    except InputError as error:
        if what in str(error):
            raise
        raise InputError(f"source: {what}: {error}") from error


def remedy(message: str) -> str:
    """What to do about a foreign message; empty where nothing is known."""
    lower = message.lower()
    return next((advice for words, advice in REMEDIES.items() if words in lower), "")


def _is_foreign(error: Exception) -> bool:
    """Whether an engine, a driver, the disk or the network failed, and not our own code.

    Drivers of databases derive their exceptions from a class of their own called `Error`: DB-API 2.0 says so.
    """
    if isinstance(error, OURS):
        return False
    if isinstance(error, OSError | pa.ArrowException | ibis_errors.IbisError | SqlglotError):
        return True
    return any(base.__name__ == "Error" for base in type(error).__mro__)


def _first_words(text: str) -> str:
    """The message in one line, without what follows the first paragraphs."""
    inner = INNER.search(text)
    line = " ".join((inner[1] if inner else text).replace('\\"', '"').split()).rstrip(".!?^ ")
    return line if len(line) <= LONGEST else line[:LONGEST].rsplit(" ", 1)[0] + " …"
