"""Sphinx extension: no stale page, chapters in parallel, and no silent fault.

What it does, in the order of a build:

1. names the execution cache by a hash of data, helpers, lock and configuration,
   so that a change in any of them executes the chapters anew;
2. runs the chapters that the cache lacks in parallel, before Sphinx reads them
   one by one;
3. warns (an error under ``-W``) about a page outside the table of contents, a
   data file without a codebook entry, and a figure without caption or alt text;
4. forgets a build that failed or was stopped, so that the next one reports the same
   faults again and finishes what was left.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from docutils import nodes
from sphinx.util import logging

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools import book  # noqa: E402  (the line above makes it importable)

logger = logging.getLogger(__name__)
CACHES_KEPT = 3


def name_cache_by_inputs(app, config):
    """Point myst-nb at a cache of its own for this state of the shared inputs."""
    root = Path(app.srcdir)
    caches = Path(app.outdir).parent / ".jupyter_cache"
    cache = caches / book.digest(book.SHARED_INPUTS, root)
    cache.mkdir(parents=True, exist_ok=True)
    os.utime(cache)
    newest_first = sorted(caches.iterdir(), key=lambda path: -path.stat().st_mtime)
    for old in newest_first[CACHES_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    config.nb_execution_cache_path = str(cache)
    os.environ.update(book.kernel_environment(root))
    # Sphinx copies a changed stylesheet only when it writes a page.
    config.bond_looks = book.digest(book.SHARED_LOOKS, root)


def check_files(app, config):
    """Warn about pages and data files that nobody would find."""
    root = Path(app.srcdir)
    for page in book.missing_from_toc(root):
        logger.warning("%s is not in _toc.yml", page, type="bond", subtype="toc")
    for fault in codebook_faults(root):
        logger.warning(fault, type="bond", subtype="codebook")


def codebook_faults(root):
    """One sentence for each data file or column that the codebook leaves out."""
    package_path = root / "data" / "datapackage.json"
    if not package_path.is_file():
        return ["data/datapackage.json is missing"]
    package = json.loads(package_path.read_text(encoding="utf-8"))
    resources = {resource["path"]: resource for resource in package["resources"]}
    faults = []
    for path in sorted((root / "data").rglob("*")):
        name = path.relative_to(root / "data").as_posix()
        if path.is_file() and name != "datapackage.json" and not name.startswith("."):
            if not resources.get(name, {}).get("description"):
                faults.append(f"data/{name} has no entry in data/datapackage.json")
    for name, resource in resources.items():
        for field in resource.get("schema", {}).get("fields", []):
            if not field.get("description"):
                faults.append(f"data/{name}, column {field['name']} has no description")
    return faults


def fill_cache(app, env, docnames):
    """Execute, in parallel, the notebooks that are about to be read and not cached."""
    from jupyter_cache import get_cache
    from jupyter_cache.base import CacheBundleIn

    cache = get_cache(app.config.nb_execution_cache_path)
    missing = list(uncached_notebooks(env, docnames, cache))
    if len(missing) < 2:
        return  # one notebook gains nothing: myst-nb runs it when it reads it
    workers = min(len(missing), os.cpu_count() or 1)
    logger.info("executing %s notebooks, %s at a time", len(missing), workers)
    with ThreadPoolExecutor(workers) as pool:
        results = pool.map(lambda job: run_notebook(*job, app.config), missing)
        for (path, notebook), result in zip(missing, results, strict=True):
            # A failure is left for myst-nb, which meets it again and reports it.
            if result.err is None:
                bundle = CacheBundleIn(notebook, str(path), data={"execution_seconds": result.time})
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
                logger.info("executed %s in %.1f s", path.name, result.time)


def uncached_notebooks(env, docnames, cache):
    """(path, notebook) of each page to read that has cells and no cached run."""
    from myst_nb.core.read import create_nb_reader

    for docname in docnames:
        path = Path(env.doc2path(docname))
        if path.suffix != ".md" or not path.exists() or not book.is_notebook(path):
            continue
        text = path.read_text(encoding="utf-8")
        reader = create_nb_reader(str(path), env.myst_config, env.mystnb_config, text)
        notebook = reader.read(text)
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            yield path, notebook


def run_notebook(path, notebook, config):
    """Execute one notebook in its own folder, as myst-nb would."""
    from jupyter_cache.executors.utils import single_nb_execution

    return single_nb_execution(
        notebook,
        cwd=str(path.parent),
        timeout=config.nb_execution_timeout,
        allow_errors=False,
        meta_override=True,
    )


def check_figures(app, doctree):
    """Warn about a figure that a reader without eyes, or in a hurry, cannot use."""
    for image in doctree.findall(nodes.image):
        alt = (image.get("alt") or "").strip()
        # myst-nb fills a missing alt text with the path of the picture.
        if not alt or alt.endswith((".png", ".svg", ".jpeg", ".webp")):
            logger.warning("a figure has no alt text", location=image, type="bond", subtype="alt")
        if is_cell_output(image) and not has_caption(image):
            logger.warning(
                "a figure made by a cell has no caption",
                location=image,
                type="bond",
                subtype="caption",
            )


def is_cell_output(node):
    """Whether a node stands in the output of a code cell."""
    while node is not None:
        if "cell_output" in node.get("classes", []):
            return True
        node = node.parent
    return False


def has_caption(image):
    """Whether an image is part of a figure with a caption."""
    figure = image.parent
    while figure is not None and not isinstance(figure, nodes.figure):
        figure = figure.parent
    return figure is not None and any(isinstance(child, nodes.caption) for child in figure)


def begin(app, config):
    """Drop the saved environment of a build that was stopped before its end.

    Sphinx takes the pages that such a build wrote for finished ones.
    """
    mark = unfinished(app)
    if mark.exists():
        environment(app).unlink(missing_ok=True)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()


def forget_failed_build(app, exception):
    """Drop the saved environment of a failed build.

    Sphinx warns about a page only when it reads it. With a saved environment
    the next build would read nothing, warn of nothing, and pass.
    """
    if exception is not None or app._warncount:
        environment(app).unlink(missing_ok=True)
    unfinished(app).unlink(missing_ok=True)


def environment(app) -> Path:
    """Where Sphinx keeps what it knows of the pages."""
    return Path(app.doctreedir) / "environment.pickle"


def unfinished(app) -> Path:
    """The file that is there while a build runs."""
    return Path(app.doctreedir) / "unfinished"


def setup(app):
    # Jupyter Book sets this value for an extension that the book leaves out.
    app.add_config_value("comments_config", {}, "env")
    app.add_config_value("bond_looks", "", "html")
    app.connect("config-inited", name_cache_by_inputs, priority=1)
    app.connect("config-inited", check_files, priority=2)
    app.connect("config-inited", begin, priority=999)  # when the settings were found good
    app.connect("env-before-read-docs", fill_cache)
    app.connect("doctree-read", check_figures)
    # After all other extensions, so that it sees the faults that they find at the end.
    app.connect("build-finished", forget_failed_build, priority=1000)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
