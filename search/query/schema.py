"""The schema of a search: one table of fields, and all that follows from it.

Everything that no request changes is computed once, here, so that a search only combines it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Self, TypeVar

from ..exceptions import SearchError, SearchTooSlow
from ..mapping.base import VersionedDocument
from .facets import BoundFacet
from .fields import AnyOf, Choice, Equals, Filter, Nested, SearchField, Text

DocumentClass = TypeVar("DocumentClass", bound=type[VersionedDocument])
SortKeys = list[str | dict[str, Any]]
RESERVED_PARAMS = ("q", "sort", "fields", "fresh", "page", "page_size", "cursor", "facets", "highlight", "format")
UNAVAILABLE = "Search is not available at present. Try again in a few seconds."
TOO_SLOW = "The search took too long. Search for less, or try again in a few seconds."


class Leaf(NamedTuple):
    """A field of the schema with its place: `name` is its whole path, `nested` the path of the field around it."""

    field: SearchField
    name: str
    nested: str = ""


class Clause(NamedTuple):
    """A place in the index where a search looks, and the score of a match there."""

    field: str
    weight: float
    nested: str


class BoundFilter(NamedTuple):
    """A filter with the field that it compares; `facet` is the name of the facet that ignores it."""

    filter: Filter
    leaf: Leaf
    field: str
    facet: str

    @property
    def rank(self) -> int:
        """Return the filter's place in lists: closed lists of values, open lists, single values, ranges."""
        if isinstance(self.filter, AnyOf):
            return 0 if isinstance(self.leaf.field, Choice) else 1
        return 2 if isinstance(self.filter, Equals) else 3


class Suggestions(NamedTuple):
    """A group of suggestions: where beginnings are looked up, and where the values are."""

    name: str
    field: str
    raw: str
    nested: str


class SearchSchema:
    """A table of fields and what a search needs of it.

    `name` and `plural` are the nouns of help texts and of the API's components (`component_prefix` replaces the name
    in those that are not about one result). `default_sort` is the sort without a text, and decides between equally
    relevant results; `tiebreaker` is a numeric field that decides between equal ones; the
    default, `row_key`, is the primary key or a hash of it. `syntax` and `unavailable` replace texts for people.
    """

    def __init__(
        self,
        *fields: SearchField,
        name: str,
        plural: str = "",
        default_sort: str = "",
        tiebreaker: str = "row_key",
        component_prefix: str | None = None,
        syntax: str = "",
        unavailable: str = UNAVAILABLE,
    ) -> None:
        self.fields = fields
        self.name = name
        self.plural = plural or f"{name}s"
        self.default_sort = default_sort
        self.tiebreaker = tiebreaker
        self.component_prefix = name.capitalize() if component_prefix is None else component_prefix
        self.syntax = syntax
        self.unavailable = unavailable
        self.document: type[VersionedDocument] | None = None
        self.leaves = tuple(_leaves(fields))
        self.columns = (*(field.name for field in fields), "version")
        self.filters = self._filters()
        self.filter_params = tuple(param for bound in self.filters for param in bound.filter.params)
        self._validate()
        self.facets = self._facets()
        self.sorts = self._sorts()
        self._clauses()

    def extend(self, *fields: SearchField) -> Self:
        """Return a copy with more fields, for the same document."""
        copy = type(self)(
            *self.fields,
            *fields,
            name=self.name,
            plural=self.plural,
            default_sort=self.default_sort,
            tiebreaker=self.tiebreaker,
            component_prefix=self.component_prefix,
            syntax=self.syntax,
            unavailable=self.unavailable,
        )
        copy.document = self.document
        return copy

    @property
    def alias(self) -> str:
        if self.document is None:
            raise TypeError(f"No document has the fields of {self.name}. Decorate it with @searchable.")
        return str(self.document._index._name)

    def mapping_fields(self) -> dict[str, Any]:
        return {field.name: field.mapping() for field in self.fields}

    def sort_of(self, sort: str, q: str) -> str:
        """Return the sort's name: by default relevance where there is a text."""
        return sort or ("relevance" if q.strip() else self.default_sort)

    def failure_text(self, error: SearchError) -> str:
        return TOO_SLOW if isinstance(error, SearchTooSlow) else self.unavailable

    def _validate(self) -> None:
        """Raise TypeError for a table that would fail only in the engine, or would hide a parameter."""
        for field, name, _ in self.leaves:
            if type(field) is Text and (field.sort or field.filter or field.facet):
                raise TypeError(f"{name} is a Text, which cannot be sorted, filtered or a facet. Make it a Name.")
        params = [*RESERVED_PARAMS, *self.filter_params]
        for param in params:
            if params.count(param) > 1:
                raise TypeError(f"The parameter {param} stands for two things. Give one filter another name.")
        sorts = {leaf.field.sort.name for leaf in self.leaves if leaf.field.sort}
        if self.default_sort.removeprefix("-") not in {"", *sorts}:
            raise TypeError(f"There is no sort {self.default_sort}. Give the name of a field's sort.")

    def _filters(self) -> tuple[BoundFilter, ...]:
        bound = [
            BoundFilter(
                leaf.field.filter,
                leaf,
                leaf.name + leaf.field.filter_suffix,
                leaf.field.facet.name if leaf.field.facet else "",
            )
            for leaf in self.leaves
            if leaf.field.filter
        ]
        return tuple(sorted(bound, key=lambda bound_filter: bound_filter.rank))

    def _facets(self) -> dict[str, BoundFacet]:
        filtered = [bound.leaf for bound in self.filters]
        leaves = [*filtered, *(leaf for leaf in self.leaves if leaf not in filtered)]
        return {
            leaf.field.facet.name: BoundFacet(
                leaf.field.facet, leaf.field.facet.aggregation(leaf.name + leaf.field.raw_suffix)
            )
            for leaf in leaves
            if leaf.field.facet
        }

    def _sorts(self) -> dict[str, SortKeys]:
        self.sorted_fields = {
            leaf.field.sort.name: leaf.field
            for leaf in sorted(self.leaves, key=lambda leaf: leaf.field.sort_rank)
            if leaf.field.sort
        }
        names = {leaf.field.sort.name: leaf.name + leaf.field.sort_suffix for leaf in self.leaves if leaf.field.sort}
        sorts: dict[str, SortKeys] = {"relevance": [], "-relevance": []}
        for name in self.sorted_fields:
            sorts[name] = _ascending(names[name], self.tiebreaker)
            sorts[f"-{name}"] = _descending(names[name], self.tiebreaker)
        default, reverse = self.default_sort, self.default_sort.removeprefix("-")
        reverse = reverse if default.startswith("-") else f"-{default}"
        sorts["relevance"] = ["_score", *(sorts[default] if default else _descending(self.tiebreaker))]
        sorts["-relevance"] = [
            {"_score": {"order": "asc"}},
            *(sorts[reverse] if default else _ascending(self.tiebreaker)),
        ]
        sorts.setdefault("", _descending(self.tiebreaker))
        return sorts

    def _clauses(self) -> None:
        own = [leaf for leaf in self.leaves if not leaf.nested]
        self.exact = _select(self.leaves, lambda field: field.exact)
        self.prefixes = _select(self.leaves, lambda field: field.prefixes)
        self.words = _select(self.leaves, lambda field: field.words)
        self.beginnings = _select(self.leaves, lambda field: field.beginnings)
        self.fuzzy = _select(self.leaves, lambda field: field.fuzzy)
        # A whole text is compared with the document's own fields: it never is one of several rows.
        self.whole = _select(own, lambda field: field.whole)
        self.phrases = _select(own, lambda field: field.phrases)
        self.whole_prefixes = [clause for clause in self.prefixes if not clause.nested]
        # Where "did you mean" looks for better words; the weightiest field wins a tie.
        self.corrected = [clause.field for clause in sorted(self.words, key=lambda clause: -clause.weight)]
        self.highlighted = {
            f"{leaf.name}{suffix}": leaf for leaf in self.leaves if leaf.field.highlight
            for suffix in leaf.field.highlighted
        }  # fmt: skip
        self.suggestions = [
            Suggestions(
                leaf.field.suggest,
                leaf.name + leaf.field.suggest_suffix,
                leaf.name + leaf.field.raw_suffix,
                leaf.nested,
            )
            for leaf in self.leaves
            if leaf.field.suggest and leaf.field.suggest_suffix is not None
        ]


def searchable(schema: SearchSchema) -> Callable[[DocumentClass], DocumentClass]:
    """Add a schema's fields to a document class, as `Django.fields` would add the model's.

    Use it below `@registry.register_document`, which reads the mapping::

        @registry.register_document
        @searchable(BOOKS)
        class BookDocument(VersionedDocument): ...
    """

    def add_fields(document: DocumentClass) -> DocumentClass:
        for name, field in schema.mapping_fields().items():
            document._doc_type.mapping.field(name, field)
        schema.document = document
        return document

    return add_fields


def _leaves(fields: tuple[SearchField, ...]) -> Iterator[Leaf]:
    for field in fields:
        if isinstance(field, Nested):
            yield from (Leaf(inner, f"{field.name}.{inner.name}", field.name) for inner in field.fields)
        else:
            yield Leaf(field, field.name)


def _select(leaves: Any, subfields: Callable[[SearchField], Mapping[str, str]]) -> list[Clause]:
    return [
        Clause(leaf.name + suffix, float(weight), leaf.nested)
        for leaf in leaves
        for suffix, name in subfields(leaf.field).items()
        if (weight := getattr(leaf.field.weights, name))
    ]


def _ascending(*fields: str) -> SortKeys:
    return [*dict.fromkeys(fields)]


def _descending(*fields: str) -> SortKeys:
    return [{field: {"order": "desc"}} for field in dict.fromkeys(fields)]
