"""Sphinx extension: how a page's cells can be run.

What it does:

1. puts a bar below the head of each page with cells: the notebook as one zip, the same in
   the browser, and, only where ``bond_repository`` is set, on Binder and in Colab; and the
   chapter's slides, where ``book/slides`` has a sheet for them (``tools.slides``);
2. writes the archives into the folder ``notebooks`` of the site, and for Colab the notebooks;
3. ``{browser-notebooks}`` says what the in-browser notebooks fetch, and lists them all;
4. stops the build at a setting that leads nowhere.
"""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.errors import ConfigError
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools import book, chapter_map, elsewhere, notebooks, plain  # noqa: E402

logger = logging.getLogger(__name__)
BROWSER_PAGE = "book/in-browser"
LITE = "lite/notebooks/index.html?path=book/"
SLIDES = "slides"


def check_settings(app, config):
    """Stop at a malformed setting; without this the links would be dead."""
    try:
        app.bond_repository = elsewhere.repository(config.bond_repository)
        app.bond_runtime = elsewhere.runtime(config.bond_runtime)
    except elsewhere.SettingError as error:
        raise ConfigError(str(error)) from error
    app.bond_archives = {}


def offered(app, docname) -> Path | None:
    """The source of a page that is offered as a notebook, or None."""
    if app.builder.name != "html" or not docname.startswith("book/"):
        return None
    path = Path(app.srcdir) / f"{docname}.md"
    return path if path.is_file() and book.is_notebook(path) else None


def archive_of(app, path: Path) -> bytes | None:
    """The archive of a page, made once a build; None when its cells did not run."""
    if path.stem not in app.bond_archives:
        app.bond_archives[path.stem] = None
        run = notebooks.executed(path, Path(app.config.nb_execution_cache_path))
        if run is not None:
            try:
                app.bond_archives[path.stem] = notebooks.archive(path, notebooks.glued(run))
            except plain.PlainError as error:
                logger.warning(str(error), type="bond", subtype="notebook")
    return app.bond_archives[path.stem]


def add_bar(app, doctree, docname):
    """Put the bar below the chapter's opening, or below the title of another page."""
    path = offered(app, docname)
    content = archive_of(app, path) if path else None
    if content is None:
        return
    bar = nodes.raw("", bar_html(app, path, len(content)), format="html")
    openings = [box for box in doctree.findall(nodes.container) if "chapter-opening" in box["classes"]]
    titles = list(doctree.findall(nodes.title))
    above = openings[0] if openings else titles[0]
    above.parent.insert(above.parent.index(above) + 1, bar)


def bar_html(app, path: Path, size: int) -> str:
    """The bar: a landmark with a list of plain links."""
    stem = path.stem
    what = "chapter" if stem[:2].isdigit() else "page"
    links = [
        f'<a href="../{elsewhere.FOLDER}/{stem}.zip" download>Download the notebook '
        f'<span class="run-size">(zip, {size / 1e6:.1f} MB)</span></a>'
    ]
    classes = [""]
    if has_browser_page(app):
        links.append(f'<a href="in-browser.html?page={stem}">In your browser</a>')
        classes.append(' class="needs-server"')
    if app.bond_repository:
        for name, address in (
            ("Binder", app.bond_repository.binder(stem)),
            ("Colab", app.bond_repository.colab(stem)),
        ):
            links.append(
                f'<a href="{escape(address)}" rel="noreferrer">{name} '
                '<span class="run-size">(leaves this site)</span></a>'
            )
            classes.append("")
    if stem in sheets(app):
        links.append(f'<a href="../{SLIDES}/{stem}.html">Slides</a>')
        classes.append("")
    items = "".join(f"<li{extra}>{link}</li>" for link, extra in zip(links, classes, strict=True))
    return (
        f'<nav class="run-this" aria-label="Run this {what}"><span class="run-label" '
        f'aria-hidden="true">Run this {what}</span><ul>{items}</ul></nav>'
    )


def sheets(app) -> set[str]:
    """The chapters that have slides."""
    return {path.stem for path in (Path(app.srcdir) / "book" / "slides").glob("*.yml")}


def changed_sheets(app, env, added, changed, removed) -> list[str]:
    """The pages that got slides, or lost them, since the last build."""
    old, env.bond_sheets = getattr(env, "bond_sheets", set()), sheets(app)
    return [f"book/{stem}" for stem in old ^ env.bond_sheets if f"book/{stem}" in env.found_docs]


def has_browser_page(app) -> bool:
    """Whether the book has the page that says what is fetched."""
    return BROWSER_PAGE in app.env.found_docs


class BrowserNotebooks(SphinxDirective):
    """What is fetched and from where, and a link for each notebook."""

    def run(self):
        root = Path(self.env.srcdir)
        runtime = self.env.app.bond_runtime
        outside = escape(elsewhere.origin(runtime).partition("//")[2])
        items = []
        for path in notebooks.pages(root):
            self.env.note_dependency(str(path))
            title = escape(chapter_map.title_of(path.read_text(encoding="utf-8")))
            number = f"{int(path.stem[:2])}. " if path.stem[:2].isdigit() else ""
            items.append(
                f'<li><a href="../{LITE}{path.stem}.ipynb" data-page="{path.stem}">'
                f"{number}{title}</a></li>"
            )
        html = (
            '<div class="run-this run-browser" id="run-browser">'
            '<p class="run-folder" hidden>This copy of the book was opened from a folder, where a '
            "browser starts no notebooks. Open the book from its address on the web, or download "
            "the notebook.</p>"
            f'<p class="run-fetched">The runtime comes from <code>{escape(runtime)}</code>. '
            f"A link below asks <b>{outside}</b> for it.</p>"
            '<p class="run-chosen" hidden></p>'
            f'<ul class="run-list needs-server">{"".join(items)}</ul></div>'
        )
        return [nodes.raw("", html, format="html")]


def write_files(app, exception):
    """Write the archives, and the notebooks that Colab opens; drop those of pages that are gone."""
    if exception is not None or app.builder.name != "html":
        return
    root, folder = Path(app.srcdir), Path(app.outdir) / elsewhere.FOLDER
    stamp = Path(app.doctreedir) / "notebooks.txt"
    mark = f"{notebooks.state(root)} {app.config.bond_repository}"
    if are_there(folder, stamp, mark):
        return
    stamp.unlink(missing_ok=True)  # until all are written
    wanted = {}
    for path in notebooks.pages(root):
        content = archive_of(app, path)
        if content is not None:
            wanted[f"{path.stem}.zip"] = content
            if app.bond_repository:
                wanted[f"{path.stem}.ipynb"] = for_colab(app, path)
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        if old.name not in wanted:
            old.unlink()
    for name, content in wanted.items():
        target = folder / name
        if not target.is_file() or target.read_bytes() != content:
            target.write_bytes(content)
    if all(app.bond_archives.values()):  # else the next build reports the fault again
        stamp.write_text("\n".join([mark, *sorted(wanted)]) + "\n", encoding="utf-8")


def are_there(folder: Path, stamp: Path, mark: str) -> bool:
    """Whether the files of an earlier build, made from the same sources, are all in place."""
    if not stamp.is_file():
        return False
    first, *names = stamp.read_text(encoding="utf-8").splitlines()
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return first == mark and there == set(names)


def for_colab(app, path: Path) -> bytes:
    """The notebook whose first cell fetches what Colab does not have."""
    run = notebooks.executed(path, Path(app.config.nb_execution_cache_path))
    setup = app.bond_repository.colab_setup(path.stem, notebooks.folder_of(path))
    return notebooks.as_bytes(notebooks.notebook(path, notebooks.glued(run), setup))


def setup(app):
    app.add_config_value("bond_repository", "", "html", types=(str,))
    app.add_config_value("bond_runtime", "", "html", types=(str,))
    app.add_directive("browser-notebooks", BrowserNotebooks)
    app.connect("config-inited", check_settings)
    app.connect("env-get-outdated", changed_sheets)
    app.connect("doctree-resolved", add_bar)
    app.connect("build-finished", write_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
