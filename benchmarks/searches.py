"""The searches that are measured: a fixed list, asked of a service, or sent to the engine as the service sends it."""

from itertools import cycle, islice
from typing import Any, NamedTuple
from urllib.parse import urlencode

from benchmarks import wrk
from benchmarks.bench import Figures
from benchmarks.deployment import Site

TEXTS = ["anna", "müller", "chair", "lamp", "oak", "smith", "chloe", "hill", "notebook", "walnut desk", "emily brown"]
TEXTS += ["blue", "T-0000", "neighbour", "jørgensen", "kettle white", "clark", "ben", "stool grey", "fisher", "mirror"]
TEXTS += ["baker hannah", "zoë", "basket red"]
STATUSES = ["delivered", "paid", "placed,shipped", "delivered,cancelled", "draft"]
LEAST = ["20", "100", "250"]
GOES_ON, A_PAGE = "", "1"  # the parameter page: without it a result can be gone on with


class Request(NamedTuple):
    """What is sent; headers are the same for all."""

    method: str
    target: str
    body: str = ""


def addresses(page: str) -> list[str]:
    """Searches with a text, two filters, all facets, and highlights."""
    several = zip(TEXTS, islice(cycle(STATUSES), len(TEXTS)), islice(cycle(LEAST), len(TEXTS)), strict=True)
    wanted = {"facets": "true", "highlight": "true"} | ({"page": page} if page else {})
    return [
        f"/orders/search?{urlencode({'q': text, 'status': status, 'total_min': least} | wanted)}"
        for text, status, least in several
    ]


class Searches:
    """The list, for one site, its service running."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.token: str = site.work("token")["token"]

    def ask(self, seconds: float, page: str = GOES_ON) -> Figures:
        """One client asks the service."""
        requests = [Request("GET", address) for address in addresses(page)]
        return self.load(self.site.url, requests, {"Authorization": f"Token {self.token}"}, seconds)

    def send(self, seconds: float) -> Figures:
        """One client sends the engine the query of each page, as the service would; what that may ask beside is not."""
        sent = [queries_of(each)[0] for each in self.site.work("searches", self.token, *addresses(A_PAGE))["sent"]]
        requests = [Request(each["method"], each["target"], each["body"]) for each in sent]
        return self.load(self.site.engine, requests, sent[0]["headers"], seconds)

    def load(self, url: str, requests: list[Request], headers: dict[str, str], seconds: float) -> Figures:
        """One load of wrk. A search that takes too long fails, which is a figure too."""
        path = self.site.ground.folder / f"{self.site.name}.requests"
        path.write_text("".join("\t".join(each) + "\n" for each in requests))
        given = "\n".join(f"{name}: {value}" for name, value in headers.items())
        return wrk.load(url, "replay", 1, seconds, REQUESTS=str(path), HEADERS=given)


def queries_of(sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those requests that search: the first is the page's own, a later one looks for what was meant."""
    return [each for each in sent if "/_search" in each["target"]]
