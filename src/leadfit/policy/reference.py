"""The reference of every key of ``policy.toml``, written from the schema itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import cast

from leadfit.policy.schema import PolicyFile

Node = Mapping[str, object]

_SIMPLE = {"boolean": "`true` or `false`", "string": "text", "null": "nothing"}


def reference() -> str:
    """Return the reference as Markdown: one table of keys for each table of the file.

    >>> "| `auto` |" in reference()
    True
    """
    schema = cast("Node", PolicyFile.model_json_schema())
    definitions = cast("Mapping[str, Node]", schema["$defs"])
    places: dict[str, list[str]] = {}
    _find_places(schema, "", definitions, places)
    parts = [_section("policy.toml", ["policy.toml"], schema, definitions)]
    for name, paths in places.items():
        parts.append(_section(paths[0], paths, definitions[name], definitions))
    return "\n".join(parts)


def _find_places(
    node: Node, path: str, definitions: Mapping[str, Node], places: dict[str, list[str]]
) -> None:
    for key, each in _properties(node).items():
        for name, suffix in _tables_in(each):
            inside = f"{path}.{key}{suffix}".removeprefix(".")
            places.setdefault(name, []).append(inside)
            _find_places(definitions[name], inside, definitions, places)


def _properties(node: Node) -> Mapping[str, Node]:
    return cast("Mapping[str, Node]", node.get("properties", {}))


def _tables_in(node: Node) -> Iterator[tuple[str, str]]:
    """Yield the tables a key holds, with what stands behind the key in their path."""
    if "$ref" in node:
        name = str(node["$ref"]).rpartition("/")[2]
        if name[0].isupper() and name != "Kind":
            yield name, ""
    for option in cast("list[Node]", node.get("anyOf", [])):
        yield from _tables_in(option)
    for inner, suffix in ((node.get("items"), "[]"), (_by_name(node), ".NAME")):
        if isinstance(inner, dict):
            for name, behind in _tables_in(inner):
                yield name, suffix + behind


def _by_name(node: Node) -> object:
    """Return what a table holds under names of the user's choice."""
    patterns = node.get("patternProperties")
    if isinstance(patterns, dict):
        return next(iter(patterns.values()))
    return node.get("additionalProperties")


def _section(title: str, paths: list[str], node: Node, definitions: Mapping[str, Node]) -> str:
    required = cast("list[str]", node.get("required", []))
    lines = [f"### `{title}`", "", _words(node.get("description")), ""]
    if len(paths) > 1:
        lines += ["Also at " + ", ".join(f"`{path}`" for path in paths[1:]) + ".", ""]
    lines += ["| key | what may stand there | default | meaning |", "|---|---|---|---|"]
    for key, each in _properties(node).items():
        default = "required" if key in required else _default(each)
        tables = [definitions[name] for name, _ in _tables_in(each)]
        meaning = _words(each.get("description") or next(iter(tables), {}).get("description"))
        lines.append(f"| `{key}` | {_allowed(each, definitions)} | {default} | {meaning} |")
    return "\n".join([*lines, ""])


def _words(description: object) -> str:
    return " ".join(str(description or "").replace("``", "`").split())


def _default(node: Node) -> str:
    value = node.get("default")
    if value is None or value in ({}, []):
        return ""
    shown = json.dumps(value)
    return (
        f"`{shown}`"
        if len(shown) <= 60
        else f"`{shown[:40]}`... ({len(cast('list[object]', value))})"
    )


def _allowed(node: Node, definitions: Mapping[str, Node]) -> str:
    if "anyOf" in node:
        options = [_allowed(each, definitions) for each in cast("list[Node]", node["anyOf"])]
        return " or ".join(dict.fromkeys(option for option in options if option != "nothing"))
    if "enum" in node:
        return ", ".join(f"`{json.dumps(each)}`" for each in cast("list[object]", node["enum"]))
    if "const" in node:
        return f"`{json.dumps(node['const'])}`"
    if "$ref" in node:
        name = str(node["$ref"]).rpartition("/")[2]
        return "a kind of event" if name == "Kind" else "a table"
    return _of_type(node, definitions)


def _of_type(node: Node, definitions: Mapping[str, Node]) -> str:
    match node.get("type"):
        case "array":
            return f"list of {_allowed(cast('Node', node.get('items', {})), definitions)}"
        case "object":
            return f"by name: {_allowed(cast('Node', _by_name(node)), definitions)}"
        case "string":
            return _text(node)
        case "number":
            return _range("number", node)
        case "integer":
            return _range("whole number", node)
        case other:
            return _SIMPLE[str(other)]


def _text(node: Node) -> str:
    if node.get("format") == "date-time":
        return "a time with its zone, without quotes"
    return f"text like `{node['pattern']}`" if "pattern" in node else _SIMPLE["string"]


def _range(word: str, node: Node) -> str:
    limits = [
        f"{words} {node[key]:,.10g}".replace(",", "_")
        for key, words in (
            ("minimum", "from"),
            ("exclusiveMinimum", "above"),
            ("maximum", "to"),
            ("exclusiveMaximum", "below"),
        )
        if isinstance(node.get(key), int | float)
    ]
    return " ".join([word, *limits])
