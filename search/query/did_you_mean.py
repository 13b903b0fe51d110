"""Did you mean: the text with words of the index, when it matches few documents or none."""

import re
from typing import Any

from ..exceptions import SearchError
from .client import DeadlineClient
from .parser import ParsedQuery, Term, parse
from .queries import build_query
from .schema import SearchSchema

ENOUGH = 3  # documents; a text that matches as many is not corrected
MORE_LIKELY = 5  # times as many documents must have the other word
OPTIONS = {"suggest_mode": "always", "prefix_length": 1, "min_word_length": 4, "size": 3}


def did_you_mean(schema: SearchSchema, text: ParsedQuery, count: int, client: DeadlineClient) -> str | None:
    """Suggest a text that matches far more documents than `text`, which matches `count`.

    Return None if there is none, or if the engine fails or is too slow: the search itself is worth more.
    """
    words = [term for term in text.terms if term.allows_fuzzy]
    if count >= ENOUGH or not words or not schema.corrected:
        return None
    try:
        corrected = _corrected(schema, text, words, client)
        if corrected == text.raw or _count(schema, corrected, client) <= MORE_LIKELY * count:
            return None
    except SearchError:
        return None
    return corrected


def _corrected(schema: SearchSchema, text: ParsedQuery, words: list[Term], client: DeadlineClient) -> str:
    response = client.search(request_body(schema, words))
    raw = text.raw
    for at, word in enumerate(words):
        count = response["aggregations"][str(at)]["doc_count"]
        options = [response["suggest"][f"{at} {field}"] for field in schema.corrected]
        better = _better(word.text, options, MORE_LIKELY * count)
        replacement = better.replace("\\", "\\\\")  # not an escape in the pattern
        raw = re.sub(rf"(?<!\w){re.escape(word.text)}(?!\w)", replacement, raw, count=1)
    return raw


def request_body(schema: SearchSchema, words: list[Term]) -> dict[str, Any]:
    """Return the search that counts the documents of each word and suggests similar words."""
    counts, suggesters = {}, {}
    for at, word in enumerate(words):
        counts[str(at)] = {"filter": build_query(schema, ParsedQuery(word.text, (word,)))}
        for field in schema.corrected:
            suggesters[f"{at} {field}"] = {"text": word.text, "term": {"field": field, **OPTIONS}}
    return {"size": 0, "track_total_hits": False, "aggs": counts, "suggest": suggesters}


def _better(word: str, fields: list[list[dict[str, Any]]], min_count: int) -> str:
    """Replace each token of the word by the likeliest one that more than `min_count` documents have in a field."""
    tokens = [*zip(*fields, strict=False)]
    for entries in reversed(tokens):  # from the end, so that the offsets before it stay right
        options = [option for entry in entries for option in entry["options"] if option["freq"] > min_count]
        if options:
            best = max(options, key=lambda option: (option["score"], option["freq"]))
            start = entries[0]["offset"]
            word = word[:start] + best["text"] + word[start + entries[0]["length"] :]
    return word


def _count(schema: SearchSchema, raw: str, client: DeadlineClient) -> int:
    body = {"query": build_query(schema, parse(raw)), "size": 0, "track_total_hits": True}
    return int(client.search(body)["hits"]["total"]["value"])
