"""The kinds of fields that a search's table consists of: what each is in the index, and what it can do there.

A project lists its fields once, in a `SearchSchema`; mapping, queries, filters, sorts, facets, highlights, suggestions,
parameters, answers and export columns all follow from that list. This module is declarative: it builds mapping fields,
and says which subfields and weights a search uses, but builds no query and imports nothing of REST framework.
"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from django_elasticsearch_dsl import fields as dsl

from ..mapping import text_fields
from .facets import Facet

REQUIRED = object()  # a field without a default
Subfields = dict[str, str]  # suffix of a subfield, such as ".compact": name of the weight that a match there has


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The fixed scores of matches in a field; 0: a search does not look there.

    Code: exact, compact (all but dashes and such), prefix, and whole and whole_compact when it equals the whole text.
    Text and Name: word, prefix (of a word), fuzzy (up to two errors; twice that for one), and phrase when the words
    of the text stand together. Name: whole. Keyword: exact.
    """

    exact: float = 0
    compact: float = 0
    prefix: float = 0
    word: float = 0
    fuzzy: float = 0
    whole: float = 0
    whole_compact: float = 0
    phrase: float = 0


@dataclass(frozen=True)
class Sort:
    """A sort by a field. `labels` are for people: the ascending sort and the descending one."""

    name: str
    labels: tuple[str, str] | None = None


@dataclass(frozen=True)
class AnyOf:
    """A filter by one or more values, `?status=paid,draft`. Without choices, `pattern` says what a value looks like."""

    param: str
    _: KW_ONLY
    help: str = ""
    pattern: str = ""
    message: str = ""  # the error for a value that does not match the pattern
    upper: bool = False  # values are compared in upper case

    @property
    def params(self) -> tuple[str, ...]:
        return (self.param,)


@dataclass(frozen=True)
class Equals:
    """A filter by one whole value, `?code=A-1`."""

    param: str
    _: KW_ONLY
    help: str = ""
    max_length: int = 200

    @property
    def params(self) -> tuple[str, ...]:
        return (self.param,)


@dataclass(frozen=True)
class Between:
    """A filter by a range, `?size_min=5&size_max=10`. Both ends belong to it; a day stands for the whole day."""

    lower: str
    upper: str
    _: KW_ONLY
    help: tuple[str, str] = ("", "")

    @property
    def params(self) -> tuple[str, ...]:
        return (self.lower, self.upper)


Filter = AnyOf | Equals | Between


@dataclass(frozen=True, eq=False)
class SearchField:
    """One row of the table; use a subclass, which is the field's kind.

    `name` is the field's name in the document, in answers and in exports; `attr` where it is on the model, if that
    differs (as in django-elasticsearch-dsl). `default` is answered for documents of an older mapping. `suggest` names
    the group of suggestions that its values are offered in.
    """

    name: str
    _: KW_ONLY
    label: str = ""
    attr: str | None = None
    weights: Weights = Weights()
    sort: Sort | None = None
    filter: Filter | None = None
    facet: Facet | None = None
    highlight: bool = False
    suggest: str = ""
    default: Any = REQUIRED

    # What the kind has in the index: subfields by their suffix. An empty suffix is the field itself.
    exact: ClassVar[Subfields] = {}
    prefixes: ClassVar[Subfields] = {}  # beginnings of the whole value
    words: ClassVar[Subfields] = {}
    beginnings: ClassVar[Subfields] = {}  # of words
    fuzzy: ClassVar[Subfields] = {}
    whole: ClassVar[Subfields] = {}
    phrases: ClassVar[Subfields] = {}
    highlighted: ClassVar[tuple[str, ...]] = ()
    is_short: ClassVar[bool] = True  # highlights show the whole value
    sort_suffix: ClassVar[str] = ""
    filter_suffix: ClassVar[str] = ""
    raw_suffix: ClassVar[str] = ""  # the value as it is written, for facets and suggestions
    suggest_suffix: ClassVar[str | None] = None  # where beginnings are looked up; None: no suggestions
    sort_rank: ClassVar[int] = 9  # sorts are listed by it
    largest_first: ClassVar[bool] = False  # how people expect it to be sorted
    sort_words: ClassVar[tuple[str, str]] = ("{}", "{}, descending")

    @property
    def title(self) -> str:
        return self.label or self.name.replace("_", " ").capitalize()

    @property
    def sort_labels(self) -> tuple[str, str]:
        if self.sort and self.sort.labels:
            return self.sort.labels
        ascending, descending = self.sort_words
        return ascending.format(self.title), descending.format(self.title)

    def mapping(self) -> Any:
        """Return a new django-elasticsearch-dsl field."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Integer(SearchField):
    """A whole number; `is_long` for more than 32 bits, such as keys."""

    is_long: bool = field(default=False, kw_only=True)

    sort_rank = 1
    largest_first = True
    sort_words = ("{}, smallest first", "{}, largest first")

    def mapping(self) -> Any:
        return dsl.LongField(attr=self.attr) if self.is_long else dsl.IntegerField(attr=self.attr)

    def last_before(self, end: int) -> str:
        """Return the largest value below `end`, as a parameter has it."""
        return str(end - 1)


@dataclass(frozen=True, eq=False)
class Number(SearchField):
    """A decimal number, such as a price. A double holds 15 digits exactly."""

    max_digits: int = field(default=12, kw_only=True)
    decimal_places: int = field(default=2, kw_only=True)
    min_value: int | None = field(default=0, kw_only=True)  # of a filter's bounds

    sort_rank = 1
    largest_first = True
    sort_words = ("{}, smallest first", "{}, largest first")

    def mapping(self) -> Any:
        return dsl.DoubleField(attr=self.attr)

    def last_before(self, end: int) -> str:
        return str(end - Decimal(1).scaleb(-self.decimal_places))


@dataclass(frozen=True, eq=False)
class Moment(SearchField):
    """A date and time."""

    sort_rank = 0
    largest_first = True
    sort_words = ("{}, oldest first", "{}, newest first")

    def mapping(self) -> Any:
        return dsl.DateField(attr=self.attr)


@dataclass(frozen=True, eq=False)
class Keyword(SearchField):
    """A value that is only ever compared as a whole, such as a language, or a list of such values."""

    many: bool = field(default=False, kw_only=True)

    sort_rank = 4
    exact = {"": "exact"}
    highlighted = ("",)

    def mapping(self) -> Any:
        return dsl.KeywordField(attr=self.attr)


@dataclass(frozen=True, eq=False)
class Choice(Keyword):
    """A keyword with a closed list of values: (value, label) pairs, as a model field's choices."""

    choices: Sequence[tuple[str, Any]] = field(default=(), kw_only=True)


@dataclass(frozen=True, eq=False)
class Text(SearchField):
    """A text that is found by its words, by their beginnings, and with typing errors."""

    is_short = False
    words = {".words": "word"}
    beginnings = {"": "prefix"}
    fuzzy = {".words": "fuzzy"}
    phrases = {".words": "phrase"}
    highlighted = ("", ".words")

    def mapping(self) -> Any:
        return dsl.TextField(attr=self.attr, **text_fields.text_field())


@dataclass(frozen=True, eq=False)
class Name(Text):
    """A short text that can also be sorted by, compared with as a whole, and suggested."""

    is_short = True
    whole = {".keyword": "whole"}
    sort_suffix = filter_suffix = ".keyword"
    raw_suffix = ".raw"
    suggest_suffix = ""
    sort_rank = 2
    sort_words = ("{}, A to Z", "{}, Z to A")

    def mapping(self) -> Any:
        return dsl.TextField(attr=self.attr, **text_fields.name_field())


@dataclass(frozen=True, eq=False)
class Code(SearchField):
    """An identifier such as an invoice number: one term whatever its case, found by its beginning, dashes optional."""

    exact = {"": "exact", ".compact": "compact"}
    prefixes = {".prefix": "prefix"}
    whole = {"": "whole", ".compact": "whole_compact"}
    highlighted = (".prefix",)
    raw_suffix = ".raw"
    suggest_suffix = ".prefix"
    sort_rank = 3
    sort_words = ("{}", "{}, last first")

    def mapping(self) -> Any:
        return dsl.KeywordField(attr=self.attr, **text_fields.code_field())


@dataclass(frozen=True, eq=False)
class Nested(SearchField):
    """The rows of a relation, each an object with fields of its own. `item` names one of them in the API's schema."""

    fields: Sequence[SearchField] = field(default=(), kw_only=True)
    item: str = field(default="Item", kw_only=True)
    item_help: str = field(default="", kw_only=True)

    def mapping(self) -> Any:
        # In the root too: highlighting cannot look into nested objects, and a facet counts documents.
        properties = {field.name: field.mapping() for field in self.fields}
        return dsl.NestedField(attr=self.attr, include_in_root=True, properties=properties)
