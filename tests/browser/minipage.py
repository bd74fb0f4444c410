"""A page with the book's style and scripts, without its theme."""

from pathlib import Path

STATIC = Path(__file__).resolve().parents[2] / "_static"


def mini_page(
    body: str,
    theme: str = "light",
    scripts: tuple[str, ...] = ("book.js",),
    styles: tuple[str, ...] = ("book.css",),
) -> str:
    """HTML that needs no other file; the rules of style stand in for the theme's own."""
    style = "".join((STATIC / name).read_text(encoding="utf-8") for name in styles)
    code = "".join(
        f"<script>{(STATIC / name).read_text(encoding='utf-8')}</script>" for name in scripts
    )
    return (
        f'<!doctype html><html lang="en" data-mode="{theme}" data-theme="{theme}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>A page</title><style>{style} '
        f"* {{ box-sizing: border-box; }} body {{ color: var(--bond-ink); margin: 1rem; }} "
        f"figure {{ margin: 0; }} .table-scroll {{ overflow-x: auto; }}</style>{code}</head>"
        f'<body><main class="bd-main"><article class="bd-article"><h1>A page</h1>{body}'
        f"</article></main></body></html>"
    )
