"""Checks that a notebook shows and that never stop it.

An exercise comes with a few checks that its answer should pass. `check` runs one and
prints a line, so that a notebook with empty answers still runs to its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["check"]


@contextmanager
def check(what: str) -> Iterator[None]:
    """Print whether the lines below it hold, and go on either way.

    Parameters
    ----------
    what : str
        What the check is about, as a short sentence without a full stop.

    Examples
    --------
    >>> with check("two and two make four"):
    ...     assert 2 + 2 == 4
    ✓ two and two make four
    >>> with check("the answer is a number"):
    ...     assert isinstance("four", float), "it is a word"
    ✗ the answer is a number: it is a word
    >>> with check("the list has an end"):
    ...     [][0]
    ✗ the list has an end: IndexError: list index out of range
    """
    try:
        yield
    except AssertionError as fault:
        print(f"✗ {what}" + (f": {fault}" if str(fault) else ""))
    except Exception as fault:
        print(f"✗ {what}: {type(fault).__name__}: {fault}")
    else:
        print(f"✓ {what}")
