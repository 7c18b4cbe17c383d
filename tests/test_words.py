"""Names say what they hold, and the words are the field's."""

import ast
import re
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


OWN_WORDS = re.compile(r"\b(surely|unsure|told apart|least value|the walls|clearly (best|better)|of a figure, which)\b")


def test_what_users_read_is_in_the_words_of_the_field():
    paths = [path for folder in ("bench", "problems", "optimizers") for path in (ROOT / folder).rglob("*")]
    paths += [*ROOT.glob("*.md"), *(ROOT / folder / "README.md" for folder in ("problems", "optimizers", "reports"))]
    hits = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in paths
        if path.suffix in (".py", ".js", ".html", ".css", ".toml", ".md") and path.name != "CHANGELOG.md"
        for match in OWN_WORDS.finditer(path.read_text(encoding="utf-8"))
    }
    assert hits == set()
