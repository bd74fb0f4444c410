"""A figure in the book's style, for tests of what becomes of its file."""

import io

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
from helpers import figures


def drawn(*, panels=1, rasterized=False, **points) -> str:
    """An SVG as a chapter's cell makes it."""
    with matplotlib.rc_context():
        figures.use_style()
        figure, axes = plt.subplots(1, panels, squeeze=False)
        axes[0, 0].plot([0.123456789, 2], [1, 3.987654321], label="a line")
        numbers = np.random.default_rng(1).normal(size=(2, 300))
        axes[0, 0].plot(*numbers, "o", alpha=0.5, rasterized=rasterized, **points)
        axes[0, 0].bar([1, 2], [1, 2], color=figures.COLORS["sky"], hatch="//")
        axes[0, 0].legend()
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
        plt.close(figure)
    return file.getvalue()
