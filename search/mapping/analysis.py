"""How texts become terms: accents, case, width and marks are ignored in every script, and words match while typed.

Only what both Elasticsearch's plain distribution and the embedded engine have: no ICU.
"""

import unicodedata

from elasticsearch.dsl import analysis

LONGEST_PREFIX = 25  # letters of a word that are indexed as its prefixes; more that are typed are cut off
LONGEST_NUMBER = 64  # the same of a number, which is longer than any
SCRIPTS = [range(0x370, 0x500), range(0x600, 0x700)]  # Greek, Cyrillic, Arabic: asciifolding knows Latin alone


def base(letter: str) -> str:
    """The letter without its marks."""
    return "".join(each for each in unicodedata.normalize("NFD", letter) if not unicodedata.combining(each))


def alike_letters() -> list[str]:
    """Which letters are taken for which: those with marks for those without, and forms of one letter for one."""
    letters = [chr(code) for script in SCRIPTS for code in script]
    marked = [f"{letter}=>{base(letter)}" for letter in letters if base(letter) not in ("", letter)]
    return [*marked, "ς=>σ", "ة=>ه", "ى=>ي"]  # noqa: RUF001


# A mark that is a character of its own ("e" and U+0301; Arabic vowels) goes before a word is made.
without_marks = analysis.char_filter(
    "without_marks", "pattern_replace", pattern="[\\u0300-\\u036f\\u0640\\u064b-\\u0655\\u0670]", replacement=""
)
alike = analysis.char_filter("alike", "mapping", mappings=alike_letters())
# ord-17 and ORD 17 are one number.
compact = analysis.char_filter("compact", "pattern_replace", pattern="[^\\p{L}\\p{N}]", replacement="")

prefixes = analysis.token_filter("prefixes", "edge_ngram", min_gram=1, max_gram=LONGEST_PREFIX)
number_prefixes = analysis.token_filter("number_prefixes", "edge_ngram", min_gram=1, max_gram=LONGEST_NUMBER)
cut = analysis.token_filter("cut", "truncate", length=LONGEST_PREFIX)
# Chinese and Japanese are written without spaces: any two neighbours are a term, and here each one too.
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
number_indexed = analysis.analyzer(
    "number_indexed", type="custom", tokenizer="keyword", char_filter=[compact], filter=["lowercase", number_prefixes]
)
number_searched = analysis.analyzer(
    "number_searched", type="custom", tokenizer="keyword", char_filter=[compact], filter=["lowercase"]
)
compacted = analysis.normalizer("compacted", type="custom", char_filter=[compact], filter=["lowercase"])
folded = analysis.normalizer("folded", type="custom", filter=FOLDED, **LETTERS)
lowered = analysis.normalizer("lowered", type="custom", filter=["lowercase"])
