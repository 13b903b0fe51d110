"""The searches that are measured are ones that the service takes, each with a text, two filters, facets, highlights."""

from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.benches.search import Search
from benchmarks.searches import FIRST_PAGE, TEXTS, WITH_CURSOR, addresses, search_requests
from order_search.serializers import OrderSearchParams
from tools.comparison import IN_STEP


def test_every_address_is_a_search_that_the_service_takes():
    for page in (FIRST_PAGE, WITH_CURSOR):
        queries = [parse_qs(urlsplit(address).query) for address in addresses(page)]
        assert [query["q"] for query in queries] == [[text] for text in TEXTS]
        for query in queries:
            parameters = OrderSearchParams(data={name: values[0] for name, values in query.items()})
            assert parameters.is_valid(), parameters.errors
            assert parameters.validated_data["page"] == (1 if page else None)
            assert (len(parameters.validated_data["facets"]), parameters.validated_data["highlight"]) == (4, True)


def test_of_what_a_search_sends_the_queries_count():
    sent = [{"target": target} for target in ("/orders/_pit?keep_alive=5m", "/orders/_search?a=b", "/_search")]
    assert search_requests(sent) == sent[1:]


def test_the_one_index_is_compared_once():
    compared = iter([IN_STEP])
    unused: Any = None
    bench: Any = Search(unused, unused, unused)
    bench.deployment = SimpleNamespace(difference=lambda: next(compared))
    assert [bench.final_difference(contender) for contender in bench.contenders] == [IN_STEP] * 3
