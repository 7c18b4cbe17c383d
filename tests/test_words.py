"""Names say what they hold, and the words are the field's."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
# names that say that something is there, and not what it is
SAYS_NOTHING = {
    *("found", "item", "items", "own", "one", "some", "many", "others", "part", "parts", "known", "left", "told"),
    *("said", "shown", "chosen", "asked", "given"),
}
LIMIT = 0.01


def bound_names(tree: ast.AST) -> list[str]:
    """Every name that is bound: by an assignment, a loop, `with`, a comprehension, or as an argument."""
    stored = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return stored + [node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)]


def test_bound_names_say_what_they_hold():
    files = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "bench").rglob("*.py"))}
    names = [(path.name, name) for path, text in files.items() for name in bound_names(ast.parse(text))]
    empty = [(path, name) for path, name in names if name in SAYS_NOTHING]
    assert len(empty) / len(names) < LIMIT, f"{len(empty)} of {len(names)}: {sorted(set(empty))}"
