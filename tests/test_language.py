"""The house's language: phrases that must not return, one word for each thing, and locals that say what they hold."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.anywhere

ROOT = Path(__file__).resolve().parent.parent
SUFFIXES = {".html", ".md", ".py", ".sh", ".sql", ".toml", ".txt", ".yaml", ".yml"}
SKIPPED = {"migrations", "node_modules", "results", "staticfiles", "var", "__pycache__"}
OUR_HIDDEN_FOLDERS = {".ci", ".github"}
PRODUCT = ("benchmarks", "desk", "order_search", "orders", "project", "search", "tools")

# What must not return, and what to write. As regular expressions; a space also matches `_`, a line break and the `#`
# of a comment's next line, so that names and wrapped lines count.
PHRASES = {
    "anew": "again",
    "for ever": "forever, indefinitely",
    "mend(?:s|ed|ing)?": "repair, fix",
    "strangers?": "say what it is: an orphaned trigger, an unknown document",
    "(?<!`)nobody": "say who: no process, no client, nothing",
    "whoever": "say who: the caller, the process that",
    "meanwhile": "in the meantime, while X does Y, at the same time",
    "so many": "that many, or the number",
    r"(?<!there )(?:is|are) none": "does not exist, there is no",
    "what waits": "pending entries",
    "lacks": "does not have, is missing",
    "be wrong of": "be wrong about",
    "looked at": "read, checked, compared",
    "told": "reported, answered, notified",
    "goes on": "continues",
    "comes back": "returns, recovers",
    "a moment": "say how long, or at which time",
    "to who": "say to whom: the client, the caller",
    "what became of": "the outcome of",
    "it is that": "that is",
    r"no more(?=[.,;:)])": "no longer",
    "is no more": "no longer exists",
    "at one stroke": "at once, atomically",
    "in the midst": "during, halfway",
    "beside": "next to, in addition to, compared with",
    "stands? behind": "follows, comes after",
    "in the place of": "instead of",
    "in vain": "without success",
    "without a (?:word|sign)": "silently",
    "shall": "should, must",
    "(?:sick|healed)": "failing, recovered",
}

# Second words for what the glossary of docs/architecture.md has a word for. As regular expressions, as they are.
SECOND_WORDS = {
    "pending": [
        r"waiting[ =:]+[{\d]",
        r"[\"'`]waiting[\"'`]",
        r"rows_waiting",
        r"\.waiting\b",
        r"\bWAITING\b",
        r"\bentr(?:y|ies) (?:that |still )?wait(?:s|ing)?\b(?! for)",
        r"\bwaiting entr(?:y|ies)\b",
        r"\bnothing (?:more )?waits\b",
    ],
    "settling": [r"\bsettle\(", r"\bdef _?settle\b(?!_)", r"\.settled\b", r"\bSEARCH_SETTLE\b"],
    "confirm": [
        r"\block\.confirm\b",
        r"\bconfirm\w* (?:the |a )?(?:lock|lease)\b",
        r"\bheartbeats? (?:is|are) confirmed\b",
    ],
    "dead letter": [
        r"\bdead entr(?:y|ies)\b",
        r"\bdiscard(?:s|ed|ing)? (?:an?|the|its|that) (?:\w+ )?ind(?:ex|ices)\b",
        r"\brebuild\.discard\b",
    ],
    "index": [
        r"\b(?:removes?|removed|drops?|dropped) (?:an?|the|its|that) (?:(?:old|new|live|retired) )?ind(?:ex|ices)\b",
        r"\bindices that are over\b",
        r"\bis_over\b",
    ],
    "capture": [r"\brelease_before_migrate\b", r"\brelease_capture\b"],
}

# Names that say nothing of what they hold.
CATCH_ALL_NAMES = {"asked", "each", "found", "given", "its", "known", "made", "one", "others", "told", "wanted"}


@cache
def texts():
    """Return the text of every file of the project that a reader reads, by its path."""
    return {
        str(path.relative_to(ROOT)): path.read_text()
        for path in sorted(ROOT.rglob("*"))
        if is_ours(path.relative_to(ROOT)) and path.is_file() and path != Path(__file__).resolve()
    }


def is_ours(path):
    hidden = {part for part in path.parts[:-1] if part.startswith(".")}
    if hidden - OUR_HIDDEN_FOLDERS or SKIPPED & set(path.parts) or "LICENSE" in path.name:  # a licence is quoted
        return False
    return path.suffix in SUFFIXES or path.parts[0] in {"script", ".ci", "Dockerfile"}


def places(pattern, flags=0):
    """Return path:line of each match."""
    expression = re.compile(pattern, flags)
    return [
        f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
        for path, text in texts().items()
        for match in expression.finditer(text)
    ]


def as_pattern(phrase):
    """Return the regular expression of a phrase: whole words, also those of a name and of wrapped lines."""
    spaced = re.sub(r" (?!\))", r"[\\s#_]+", phrase)  # a lookbehind keeps its space: it has a fixed width
    return rf"(?<![^\W_]){spaced}(?![^\W_])"


def assigned_names(text):
    """Yield (name, line) of each local, argument and loop variable."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno


def glossary():
    """Return the words of the glossary."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    return {
        word
        for row in re.findall(r"^\| (\*\*.*?) \|", text, re.MULTILINE)
        for word in re.findall(r"\*\*(.+?)\*\*", row)
    }


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_phrase_of_the_old_language_does_not_return(phrase):
    # None is a value of Python; "is none" is not.
    flags = 0 if phrase.endswith("none") else re.IGNORECASE
    assert places(as_pattern(phrase), flags) == [], f"Write: {PHRASES[phrase]}"


@pytest.mark.parametrize("word", SECOND_WORDS)
def test_a_thing_of_the_glossary_has_one_word(word):
    assert word in glossary()
    assert [place for pattern in SECOND_WORDS[word] for place in places(pattern)] == [], f"The word is: {word}"


@pytest.mark.parametrize("folder", PRODUCT)
def test_a_local_says_what_it_holds(folder):
    assert [
        f"{path}:{line} {name}"
        for path, text in texts().items()
        if path.startswith(f"{folder}/") and path.endswith(".py")
        for name, line in assigned_names(text)
        if name in CATCH_ALL_NAMES
    ] == []


@pytest.mark.parametrize(
    ("text", "phrase", "is_found"),
    [
        ("it is made anew", "anew", True),
        ("def test_it_is_made_anew", "anew", True),
        ("what\n    # became of it", "what became of", True),
        ("renewed", "anew", False),
        ("no more than two", r"no more(?=[.,;:)])", False),
        ("it is no more.", r"no more(?=[.,;:)])", True),
        ("besides", "beside", False),
        ("to whose", "to who", False),
        ("x is None", r"(?<!there )(?:is|are) none", False),
        ("if there are none", r"(?<!there )(?:is|are) none", False),
        ("a key that is none", r"(?<!there )(?:is|are) none", True),
        ("the user `nobody`", "(?<!`)nobody", False),
    ],
)
def test_a_phrase_is_found_as_words_and_in_names(text, phrase, is_found):
    assert bool(re.search(as_pattern(phrase), text)) == is_found
