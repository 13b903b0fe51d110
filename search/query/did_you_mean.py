"""Did you mean: the text with the words that the index knows, when it finds little or nothing as it is."""

import re
from typing import Any

from ..exceptions import SearchError
from . import queries
from .client import Asking
from .parser import Term, Text, parse

FEW = 3  # orders; a text that finds so many is right
MORE_LIKELY = 5  # times as many orders must have another word
FIELDS = ["customer_name.words", "lines.description.words", "note.words"]
OPTIONS = {"suggest_mode": "always", "prefix_length": 1, "min_word_length": 4, "size": 3}


def correction(text: Text, count: int, asking: Asking) -> str | None:
    """A text that finds much more than `text`, which finds `count`. None too when the engine has no answer in time."""
    words = [term for term in text.terms if term.forgives]
    if count >= FEW or not words:
        return None
    try:
        corrected = _corrected(text, words, asking)
        return corrected if corrected != text.typed and _finds(corrected, asking) > MORE_LIKELY * count else None
    except SearchError:  # a search is worth more than this
        return None


def _corrected(text: Text, words: list[Term], asking: Asking) -> str:
    """The text with better words in place of those that are rare or unknown."""
    answer = asking.answer(_question(words))
    typed = text.typed
    for at, word in enumerate(words):
        count = answer["aggregations"][str(at)]["doc_count"]
        better = _better(word.text, [answer["suggest"][f"{at} {field}"] for field in FIELDS], MORE_LIKELY * count)
        as_it_is = better.replace("\\", "\\\\")  # no escape of the pattern's
        typed = re.sub(rf"(?<!\w){re.escape(word.text)}(?!\w)", as_it_is, typed, count=1)
    return typed


def _question(words: list[Term]) -> dict[str, Any]:
    """How many orders have each word, and which words are like it."""
    counts, similar = {}, {}
    for at, word in enumerate(words):
        counts[str(at)] = {"filter": queries.strictly(Text(word.text, (word,)))}
        for field in FIELDS:
            similar[f"{at} {field}"] = {"text": word.text, "term": {"field": field, **OPTIONS}}
    return {"size": 0, "track_total_hits": False, "aggs": counts, "suggest": similar}


def _better(word: str, fields: list[list[dict[str, Any]]], least: int) -> str:
    """The word, each of its parts replaced by the likeliest one that more than `least` orders have in a field."""
    parts = [*zip(*fields, strict=False)]
    for same in reversed(parts):  # from the end: what is before keeps its place
        options = [option for entry in same for option in entry["options"] if option["freq"] > least]
        if options:
            best = max(options, key=lambda option: (option["score"], option["freq"]))
            start = same[0]["offset"]
            word = word[:start] + best["text"] + word[start + same[0]["length"] :]
    return word


def _finds(typed: str, asking: Asking) -> int:
    search = {"query": queries.strictly(parse(typed)), "size": 0, "track_total_hits": True}
    return int(asking.answer(search)["hits"]["total"]["value"])
