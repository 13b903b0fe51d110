"""The searches that are measured: a fixed list, sent to a service or, as the service does, to the engine."""

from itertools import cycle, islice
from typing import Any, NamedTuple
from urllib.parse import urlencode

from benchmarks import wrk
from benchmarks.bench import Figures
from benchmarks.deployment import Deployment

TEXTS = ["anna", "müller", "chair", "lamp", "oak", "smith", "chloe", "hill", "notebook", "walnut desk", "emily brown"]
TEXTS += ["blue", "T-0000", "neighbour", "jørgensen", "kettle white", "clark", "ben", "stool grey", "fisher", "mirror"]
TEXTS += ["baker hannah", "zoë", "basket red"]
STATUSES = ["delivered", "paid", "placed,shipped", "delivered,cancelled", "draft"]
LEAST = ["20", "100", "250"]
WITH_CURSOR, FIRST_PAGE = "", "1"  # the parameter page; without it the result has a cursor


class Request(NamedTuple):
    """One request. The headers are the same for all."""

    method: str
    target: str
    body: str = ""


def addresses(page: str) -> list[str]:
    searches = zip(TEXTS, islice(cycle(STATUSES), len(TEXTS)), islice(cycle(LEAST), len(TEXTS)), strict=True)
    parameters = {"facets": "true", "highlight": "true"} | ({"page": page} if page else {})
    return [
        f"/orders/search?{urlencode({'q': text, 'status': status, 'total_min': least} | parameters)}"
        for text, status, least in searches
    ]


class Searches:
    """The searches for one deployment, whose service runs."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.token: str = deployment.run_workload("token")["token"]

    def search_service(self, seconds: float, page: str = WITH_CURSOR) -> Figures:
        requests = [Request("GET", address) for address in addresses(page)]
        return self.load(self.deployment.url, requests, {"Authorization": f"Token {self.token}"}, seconds)

    def search_engine(self, seconds: float) -> Figures:
        """Let one client send the first query of each search to the engine, as the service does."""
        workload = self.deployment.run_workload("searches", self.token, *addresses(FIRST_PAGE))
        queries = [search_requests(requests)[0] for requests in workload["sent"]]
        requests = [Request(query["method"], query["target"], query["body"]) for query in queries]
        return self.load(self.deployment.engine, requests, queries[0]["headers"], seconds)

    def load(self, url: str, requests: list[Request], headers: dict[str, str], seconds: float) -> Figures:
        """Run wrk once. A search that takes too long counts as failed, which is one of the figures."""
        path = self.deployment.servers.folder / f"{self.deployment.name}.requests"
        path.write_text("".join("\t".join(request) + "\n" for request in requests))
        header_lines = "\n".join(f"{name}: {value}" for name, value in headers.items())
        return wrk.load(url, "replay", 1, seconds, REQUESTS=str(path), HEADERS=header_lines)


def search_requests(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the requests that search: first the query of the page, then those for a correction."""
    return [request for request in requests if "/_search" in request["target"]]
