"""pytest runs every page of the book with nbval, from its Markdown source."""

import os
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, settings
from nbval.plugin import IPyNbCell, IPyNbFile, find_comment_markers, find_metadata_tags

from tools import book, reference

os.environ.update(book.kernel_environment())

# The same examples in every run: a test goes red for what was changed, not by chance.
# HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile(
    "same",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # the machine is slow, not the example
)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


class ChapterFile(IPyNbFile):
    """A page as nbval sees it: cells from the Markdown, outputs from the reference.

    Unlike plain nbval it never runs lax: a cell without stored outputs, a cell
    marked to be skipped, and a page without a reference are failures.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.skip_compare += (*reference.UNCOMPARED, "ename", "evalue")

    def setup(self):
        super().setup()
        self.sanitize_patterns = CellSanitizer()

    def collect(self):
        try:
            self.nb = reference.joined(self.path)
        except ValueError as error:
            raise self.CollectError(str(error)) from error
        for number, cell in enumerate(book.code_cells(self.nb)):
            markers = dict(find_metadata_tags(cell.metadata)) | dict(
                find_comment_markers(cell.source)
            )
            if markers.keys() - {"check_exception"}:
                raise self.CollectError(f"{self.path.name}, cell {number} asks not to be checked")
            yield IPyNbCell.from_parent(
                self,
                name=f"cell {number}",
                cell_num=number,
                cell=cell,
                options=defaultdict(bool, check=True, **markers),
            )


class CellSanitizer(dict):
    """Hands nbval the patterns of `tools.reference`, so that both sides agree."""

    def items(self):
        # The tags of an HTML table go first; then all white space counts as one space.
        return [*reference.SANITIZE.items(), (r"\s+", " ")]


def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".md" and file_path in set(book.notebooks()):
        return ChapterFile.from_parent(parent, path=file_path)
    return None


def pytest_ignore_collect(collection_path, config):
    # The site's own folders hold copies of the sources.
    return True if collection_path.name in {"_build", ".venv", "node_modules"} else None


@pytest.fixture(scope="session")
def root():
    """The top folder of the project."""
    return book.ROOT
