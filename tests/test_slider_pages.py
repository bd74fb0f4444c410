"""The figures with sliders on the book's pages: one script as a file, none within."""

import sys

from bs4 import BeautifulSoup
from docutils import nodes
from minibook import HEADER, MiniBook

from tools import book

sys.path.insert(0, str(book.ROOT / "_ext"))
import bond_sliders  # noqa: E402

CELL = """
```{code-cell} ipython3
import pandas as pd
from helpers.interactive import sliders_figure

rows = pd.DataFrame({"relief": [0.0, 1.0], "push": [-0.5, 0.0]})
sliders_figure(rows, sliders=["relief"], parts=["push"], labels={"relief": "relief", "push": "push"},
               limits=(-1, 0), name="mine", axis="Effect", said="{push:.2f}", caption="A caption.",
               description="Bars.")
```
"""


def test_a_page_loads_the_script_as_a_file_and_only_where_a_figure_needs_it(tmp_path):
    mini = MiniBook(tmp_path)
    mini.write("book/one.md", HEADER + "# One\n\nWords.\n" + CELL)
    result = mini.build()
    assert result.returncode == 0, result.stdout + result.stderr
    page = BeautifulSoup(mini.page(), "html.parser")
    (figure,) = page.select("figure.slider-figure")
    assert [script.get("type") for script in figure.find_all("script")] == ["application/json"]
    sources = [script["src"].split("?")[0] for script in page.find_all("script", src=True)]
    assert sources.count("../_static/sliders.js") == 1
    assert mini.read("_build/html/_static/sliders.js") == mini.read("src/helpers/sliders.js")
    assert "sliders.js" not in mini.read("_build/html/index.html")


def test_an_e_book_gets_plain_colors():
    node = nodes.raw("", '<figure class="slider-figure"><rect fill="var(--fig-sky-area, #56b4e9)"/></figure>', format="html")

    class App:
        builder = type("Builder", (), {"name": "epub"})

    tree = nodes.section("", node)
    bond_sliders.plain_colors(App, tree, "page")
    assert node.astext() == '<figure class="slider-figure"><rect fill="#56b4e9"/></figure>'
