"""What can be asked of the index. Each function builds one search; nothing here sends it."""

from typing import Any

from elasticsearch.dsl import Q, Search

from search.documents import OrderDocument

NEWEST_FIRST = ("-created_at", "-id")


def orders(text: str, using: Any) -> Search[Any]:
    """Orders whose customer has all these words, or words that begin so, or whose number begins so; newest first."""
    search: Search[Any] = OrderDocument.search(using=using).sort(*NEWEST_FIRST).extra(track_total_hits=True)
    if not text:
        return search
    name = Q("match", customer_name={"query": text, "operator": "and"})
    number = Q("match", order_number__prefix={"query": text})
    return search.query(Q("bool", should=[name, number], minimum_should_match=1))
