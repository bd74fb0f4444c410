"""How the commands of this package end when they cannot do what they are asked."""

from __future__ import annotations


class Refusal(Exception):
    """Something that ends a command: one sentence or more, and the exit code."""

    def __init__(self, text: str, code: int = 2):
        super().__init__(text)
        self.code = code
