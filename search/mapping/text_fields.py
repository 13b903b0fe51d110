"""The kinds of text that a document's field may be: words, a name, a number. Each says how it is found and sorted."""

from typing import Any

from django_elasticsearch_dsl import fields

from .analysis import (
    compacted,
    folded,
    lowered,
    number_indexed,
    number_searched,
    prefix_indexed,
    prefix_searched,
    whole_words,
)


def words() -> dict[str, Any]:
    """A text that is found by the beginnings of its words, and below `words` by whole words only: for typing errors."""
    return {
        "analyzer": prefix_indexed,
        "search_analyzer": prefix_searched,
        "fields": {"words": fields.TextField(analyzer=whole_words)},
    }


def name() -> dict[str, Any]:
    """As words, and as a whole: `keyword` to sort by and to compare with, `raw` as it is written."""
    options = words()
    options["fields"] |= {"keyword": fields.KeywordField(normalizer=folded), "raw": fields.KeywordField()}
    return options


def number() -> dict[str, Any]:
    """A number is one term whatever its case; below `compact` without dashes and such, `prefix` its beginnings."""
    below = {
        "compact": fields.KeywordField(normalizer=compacted),
        "prefix": fields.TextField(analyzer=number_indexed, search_analyzer=number_searched),
        "raw": fields.KeywordField(),
    }
    return {"normalizer": lowered, "fields": below}
