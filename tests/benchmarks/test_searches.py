"""The searches that are measured are ones that the service takes, each with a text, two filters, facets, highlights."""

from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

from benchmarks.benches.search import Search
from benchmarks.searches import A_PAGE, GOES_ON, TEXTS, addresses, queries_of
from order_search.serializers import OrderSearchParams
from tools.demo.compare import IN_STEP


def test_every_address_is_a_search_that_the_service_takes():
    for page in (A_PAGE, GOES_ON):
        found = [parse_qs(urlsplit(address).query) for address in addresses(page)]
        assert [each["q"] for each in found] == [[text] for text in TEXTS]
        for each in found:
            given = OrderSearchParams(data={name: values[0] for name, values in each.items()})
            assert given.is_valid(), given.errors
            assert given.validated_data["page"] == (1 if page else None)
            assert (len(given.validated_data["facets"]), given.validated_data["highlight"]) == (4, True)


def test_of_what_a_search_sends_the_queries_count():
    sent = [{"target": target} for target in ("/orders/_pit?keep_alive=5m", "/orders/_search?a=b", "/_search")]
    assert queries_of(sent) == sent[1:]


def test_the_one_index_is_compared_once():
    compared = iter([IN_STEP])
    bench = Search(None, None, None)
    bench.site = SimpleNamespace(difference=lambda: next(compared))
    assert [bench.wrong(each) for each in bench.contenders] == [IN_STEP] * 3
