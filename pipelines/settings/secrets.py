"""Secrets of URLs: they come from environment variables when a run connects, and never reach a log.

``${NAME}`` in a URL of the settings stands for the environment variable NAME, which holds the password as it is, not
percent-encoded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from lifeworth.models.ground.errors import InputError

HIDDEN: Final = "***"
"""What stands where a secret was."""

VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>]+")
QUERY_SECRET: Final = re.compile(
    r"([?&;][^=&?;#]*(?:passw|pwd|secret|token|api_?key|access_?key|private_?key|credential|signature|[?&;]sig)"
    r"[^=&?;#]*=)([^&;#]*)",
    re.IGNORECASE,
)
"""A part of a query string whose name says that its value is secret: the name with "=", and the value."""
WEB: Final = ("http", "https")
"""Schemes where a user without a password is a token."""


def expand(url: str, key: str) -> str:
    """Put the environment variables into a URL, for connecting alone: what comes back is secret.

    Where ``${NAME}`` is part of user, password or query string, its value is percent-encoded, so that a password may
    hold any character. Elsewhere, as in ``url = "${DATABASE_URL}"``, it is taken as it is.

    Parameters
    ----------
    url : str
    key : str
        Where it stands in the settings, such as "[source] url", for the message.

    Raises
    ------
    InputError
        A variable is not set or empty.
    """
    absent = sorted({name for name in VARIABLE.findall(url) if not os.environ.get(name)})
    if absent:
        names = " and ".join(absent)
        raise InputError(
            f"{key}: expected the environment variable {names} to hold the secret of {masked(url)!r}; not set, or "
            f"empty. Set it where the run is started, such as `export {absent[0]}=…`, and run again."
        )
    begin, end = _span_of_user(url)
    question = url.find("?")

    def value(match: re.Match[str]) -> str:
        found = os.environ[match[1]]
        inside = begin <= match.start() < end or 0 <= question < match.start()
        return quote(found, safe="") if inside else found

    return VARIABLE.sub(value, url)


def masked(url: str) -> str:
    """A URL for logs and messages: passwords, tokens and secrets of the query string are `HIDDEN`.

    Examples
    --------
    >>> masked("postgresql://shop:s3cret@host/db?sslmode=require&token=abc")
    'postgresql://shop:***@host/db?sslmode=require&token=***'
    """
    scheme, colon, rest = url.partition("://")
    if not colon:
        return QUERY_SECRET.sub(rf"\1{HIDDEN}", url)
    # Up to the last @, also where that hides more than the password: one with / or @ in it must not show its tail.
    user, at, place = rest.rpartition("@")
    if at:
        name, divider, _ = user.partition(":")
        if divider:
            user = f"{name}:{HIDDEN}"
        elif scheme.lower() in WEB:
            user = HIDDEN
    return f"{scheme}://{user}{at}{QUERY_SECRET.sub(rf'\1{HIDDEN}', place)}"


def scrub(text: str, *secrets: str) -> str:
    """Take secrets out of a text, such as a message of a database.

    Parameters
    ----------
    text : str
    *secrets : str
        Secrets, or expanded URLs, whose secret parts go in every spelling, percent-encoded or not. Any other URL in
        the text is `masked` too.
    """
    parts = {spelling for secret in secrets for part in _parts(secret) for spelling in _spellings(part)}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, masked(part) if "://" in part else HIDDEN)
    return URL.sub(lambda match: masked(match[0]), text)


def plain_secret(url: str) -> bool:
    """Whether a URL holds a secret as it is, not as ``${NAME}``."""
    begin, end = _span_of_user(url)
    user = url[begin:end]
    _, divider, password = user.partition(":")
    alone = not divider and user and url.partition("://")[0].lower() in WEB
    held = [password if divider else "", user if alone else ""]
    held += [match[2] for match in QUERY_SECRET.finditer(url)]
    return any(VARIABLE.sub("", secret) for secret in held)


def has_broken_variable(url: str) -> bool:
    """Whether a URL has a "${" that begins no ``${NAME}``."""
    return "${" in VARIABLE.sub("", url)


def _span_of_user(url: str) -> tuple[int, int]:
    """Begin and end of "user:password" in a URL; an empty span where there is none."""
    scheme, colon, rest = url.partition("://")
    begin = len(scheme) + len(colon)
    if not colon:
        return 0, 0
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        return begin, begin + authority.rindex("@")
    # A password with / in it, which should have been percent-encoded.
    user, at, _ = rest.partition("?")[0].rpartition("@")
    return (begin, begin + len(user)) if at and ":" in user else (begin, begin)


def _parts(secret: str) -> Iterator[str]:
    """A secret; of a URL also the password and the secrets of its query string."""
    if not secret:
        return
    yield secret
    if "://" not in secret:
        return
    begin, end = _span_of_user(secret)
    user = secret[begin:end]
    _, divider, password = user.partition(":")
    yield from (part for part in (password, *(match[2] for match in QUERY_SECRET.finditer(secret))) if part)
    if user and not divider and secret.partition("://")[0].lower() in WEB:
        yield user


def _spellings(part: str) -> set[str]:
    if "://" in part:
        return {part}
    return {part, unquote(part), unquote_plus(part), quote(part, safe=""), quote_plus(part)}
