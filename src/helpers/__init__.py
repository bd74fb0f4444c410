"""The tested helpers of the book *The Bond or the Drug?*.

Import the module that you need, for example ``from helpers import consistency``.
Importing this package alone loads nothing else.
"""

__version__ = "0.1.0"
