"""Whether the solutions of the exercises are shown, by one setting.

``bond_solutions: false`` in ``_config.yml`` keeps them out of the site and of everything that
is made with it: pages, search, notebooks, PDF, EPUB, zip. The variable ``BOND_SOLUTIONS``
(``yes`` or ``no``) overrides it for one run. `tools.student_site` shows that nothing is left.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from tools import book

SETTING = "bond_solutions"
VARIABLE = "BOND_SOLUTIONS"
SOLUTION = re.compile(
    r"^```\{solution-start\} [^\n]*\n.*?^```\{solution-end\}\n```\n?", re.S | re.M
)


def shown(root: Path = book.ROOT) -> bool:
    """Whether solutions are shown: the setting, which the variable BOND_SOLUTIONS overrides.

    Raises
    ------
    ValueError
        When either is something else than yes or no.
    """
    said = os.environ.get(VARIABLE)
    if said:
        if said.lower() not in ("yes", "no"):
            raise ValueError(f"{VARIABLE} is 'yes' or 'no', not {said!r}")
        return said.lower() == "yes"
    value = book.setting(SETTING, True, root)
    if not isinstance(value, bool):
        raise ValueError(f"{SETTING} in _config.yml is true or false, not {value!r}")
    return value


def without(text: str) -> str:
    """A chapter's source without its solutions.

    >>> without("a\\n```{solution-start} ex\\n```\\nb\\n```{solution-end}\\n```\\nc\\n")
    'a\\nc\\n'
    """
    return SOLUTION.sub("", text)
