"""The codebook page, made from ``data/datapackage.json``, and the ledger as a table."""

from __future__ import annotations

import json
from pathlib import Path


def as_markdown(path: Path) -> str:
    """Every source, file, column and variable of the data package, as Markdown."""
    package = json.loads(path.read_text(encoding="utf-8"))
    lines = ["## Sources", ""]
    lines += source_lines(package["sources"])
    for resource in package["resources"]:
        lines += resource_lines(resource)
    return "\n".join(lines)


def source_lines(sources: list[dict]) -> list[str]:
    """A definition for each source key."""
    lines = []
    for source in sources:
        title = source["title"].split(" doi:")[0]  # the address that follows holds the DOI
        lines += [f"`{source['name']}`", f": {title} <{source['path']}>", ""]
    return lines


def resource_lines(resource: dict) -> list[str]:
    """A section for one data file."""
    lines = [f"## `data/{resource['path']}`", "", resource["description"], ""]
    if fields := resource.get("schema", {}).get("fields", []):
        lines += ["```{list-table}", ":header-rows: 1", ":widths: 20 14 66", ""]
        lines += row("Column", "Type", "Meaning")
        for field in fields:
            lines += row(f"`{field['name']}`", field["type"], field["description"] + allowed(field))
        lines += ["```", ""]
    for column, words in resource.get("vocabularies", {}).items():
        lines += ["```{list-table}", ":header-rows: 1", ":widths: 20 80", ""]
        lines += row(f"`{column}`", "Meaning")
        for word in words:
            lines += row(f"`{word['name']}`", word["description"])
        lines += ["```", ""]
    if variables := resource.get("variables"):
        lines += ["```{list-table}", ":header-rows: 1", ":widths: 26 44 30", ""]
        lines += row("Variable", "Meaning", "Scale")
        for variable in variables:
            lines += row(f"`{variable['name']}`", variable["description"], scale(variable))
        lines += ["```", ""]
    return lines


def row(*cells: str) -> list[str]:
    """One row of a list table."""
    first, *rest = cells
    return [f"* - {first}", *(f"  - {cell}" for cell in rest)]


def allowed(field: dict) -> str:
    """The allowed values of a column, where they are a short list."""
    values = field.get("constraints", {}).get("enum")
    return f" Allowed: {', '.join(f'`{value}`' for value in values)}." if values else ""


def scale(variable: dict) -> str:
    """The limits, unit and direction of a variable, as far as they are known."""
    parts = []
    if variable.get("low") is not None and variable.get("high") is not None:
        parts.append(f"{variable['low']}–{variable['high']}")
    parts += [variable[key] for key in ("unit", "direction") if variable.get(key)]
    return "; ".join(parts)


KIND_WORDS = {
    "count": "count of", "mean": "mean of", "sd": "SD of", "percent": "percentage with",
    "minimum": "least", "range": "scale of", "d_between": "*d* between arms:",
    "d_change": "*d* of change:", "d_growth": "*d* of growth:", "r": "*r* of", "p": "*p* of",
}  # fmt: skip


def ledger_as_markdown() -> str:
    """Every row of the ledger as a table; numbers not read again carry a dagger."""
    from helpers.published import read_ledger

    ledger = read_ledger()
    lines = ["```{list-table}", ":header-rows: 1", ":widths: 11 45 13 31", ""]
    lines += row("Number", "What", "Group", "Source")
    for entry in ledger.itertuples():
        mark = "" if entry.checked else " \u2020"
        what = " and ".join(f"`{name}`" for name in (entry.x, entry.y) if name)
        number = entry.printed.replace("-", "\u2212") if entry.kind != "range" else entry.printed
        lines += row(
            number + mark, f"{KIND_WORDS[entry.kind]} {what}", entry.group, f"{entry.source}, {entry.locator}"
        )
    return "\n".join([*lines, "```"])
