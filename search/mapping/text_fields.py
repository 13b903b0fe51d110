"""Text fields: prose, a name and a code, and how their text is analyzed.

Accents, case, width and punctuation are ignored in every script, and words match while they are typed. Only analysis of
Elasticsearch's plain distribution is used, without ICU, which the embedded engine does not have.
"""

import unicodedata
from typing import Any

from django_elasticsearch_dsl import fields
from elasticsearch.dsl import analysis

MAX_WORD_PREFIX = 25  # letters of a word that are indexed as its prefixes; what is typed beyond them is cut off
MAX_CODE_PREFIX = 64  # the same for a code; longer than any
SCRIPTS = [range(0x370, 0x500), range(0x600, 0x700)]  # Greek, Cyrillic, Arabic: asciifolding folds Latin only


def base_letter(letter: str) -> str:
    decomposed = unicodedata.normalize("NFD", letter)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def letter_mappings() -> list[str]:
    """Return the rules of a mapping char_filter that replaces letters with diacritics and variants of a letter."""
    letters = [chr(code) for script in SCRIPTS for code in script]
    folded_letters = [
        f"{letter}=>{base_letter(letter)}" for letter in letters if base_letter(letter) not in ("", letter)
    ]
    return [*folded_letters, "ς=>σ", "ة=>ه", "ى=>ي"]  # noqa: RUF001


# Combining characters ("e" and U+0301; Arabic vowels) are removed before the text is split into words.
without_marks = analysis.char_filter(
    "without_marks", "pattern_replace", pattern="[\\u0300-\\u036f\\u0640\\u064b-\\u0655\\u0670]", replacement=""
)
alike = analysis.char_filter("alike", "mapping", mappings=letter_mappings())
# ab-17 and AB 17 are the same code.
compact = analysis.char_filter("compact", "pattern_replace", pattern="[^\\p{L}\\p{N}]", replacement="")

prefixes = analysis.token_filter("prefixes", "edge_ngram", min_gram=1, max_gram=MAX_WORD_PREFIX)
code_prefixes = analysis.token_filter("code_prefixes", "edge_ngram", min_gram=1, max_gram=MAX_CODE_PREFIX)
cut = analysis.token_filter("cut", "truncate", length=MAX_WORD_PREFIX)
# Chinese and Japanese are written without spaces: each pair of neighbours is a term, and here each character too.
singles_and_pairs = analysis.token_filter("singles_and_pairs", "cjk_bigram", output_unigrams=True)

LETTERS = {"char_filter": [without_marks, alike]}
FOLDED = ["cjk_width", "lowercase", "decimal_digit", "asciifolding"]

prefix_indexed = analysis.analyzer(
    "prefix_indexed", type="custom", tokenizer="standard", filter=[*FOLDED, singles_and_pairs, prefixes], **LETTERS
)
prefix_searched = analysis.analyzer(
    "prefix_searched", type="custom", tokenizer="standard", filter=[*FOLDED, "cjk_bigram", cut], **LETTERS
)
whole_words = analysis.analyzer(
    "whole_words", type="custom", tokenizer="standard", filter=[*FOLDED, "cjk_bigram"], **LETTERS
)
code_indexed = analysis.analyzer(
    "code_indexed", type="custom", tokenizer="keyword", char_filter=[compact], filter=["lowercase", code_prefixes]
)
code_searched = analysis.analyzer(
    "code_searched", type="custom", tokenizer="keyword", char_filter=[compact], filter=["lowercase"]
)
compacted = analysis.normalizer("compacted", type="custom", char_filter=[compact], filter=["lowercase"])
folded = analysis.normalizer("folded", type="custom", filter=FOLDED, **LETTERS)
lowered = analysis.normalizer("lowered", type="custom", filter=["lowercase"])


def text_field() -> dict[str, Any]:
    """Return the options of a TextField that matches prefixes of words; its subfield `words` matches whole words.

    Spelling errors are searched for in `words`, since a prefix with an error would match nearly everything.
    """
    return {
        "analyzer": prefix_indexed,
        "search_analyzer": prefix_searched,
        "fields": {"words": fields.TextField(analyzer=whole_words)},
    }


def name_field() -> dict[str, Any]:
    """Return the options of a text_field() with subfields for the whole: `keyword` to sort and compare, `raw` as is."""
    options = text_field()
    options["fields"] |= {"keyword": fields.KeywordField(normalizer=folded), "raw": fields.KeywordField()}
    return options


def code_field() -> dict[str, Any]:
    """Return the options of a KeywordField for a code such as AB-17, which is one term whatever its case.

    Subfields: `compact` without punctuation, `prefix` to match what a code starts with, `raw` as is.
    """
    subfields = {
        "compact": fields.KeywordField(normalizer=compacted),
        "prefix": fields.TextField(analyzer=code_indexed, search_analyzer=code_searched),
        "raw": fields.KeywordField(),
    }
    return {"normalizer": lowered, "fields": subfields}
