"""The client's errors come back as ours."""

from typing import Any

import elastic_transport
import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import ApiError, ConnectionError, ConnectionTimeout, NotFoundError

from search.client import translate_errors
from search.exceptions import EngineRefused, EngineUnavailable, NoIndex, SearchError

NODE = NodeConfig("http", "127.0.0.1", 9200)


def api_error(status: int, body: Any, kind: type[ApiError] = ApiError) -> ApiError:
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.1, NODE)
    return kind(str(body.get("error", "") if isinstance(body, dict) else body), meta, body)


NESTED = {
    "error": {
        "type": "illegal_argument_exception",
        "reason": "no",
        "caused_by": {"type": "x", "reason": "since\nthat", "caused_by": {"type": "y", "reason": "and that"}},
    }
}
NO_INDEX = {"error": {"type": "index_not_found_exception", "reason": "no such index [a]"}}


@pytest.mark.parametrize(
    ("raised", "kind", "detail"),
    [
        (ConnectionError("refused"), EngineUnavailable, "refused"),
        (ConnectionTimeout("late"), EngineUnavailable, "late"),
        (elastic_transport.TlsError("bad certificate"), EngineUnavailable, "bad certificate"),
        (api_error(503, {"error": {"type": "a", "reason": "b"}}), EngineUnavailable, "503 a: b"),
        (api_error(429, "too many"), EngineUnavailable, "429 too many"),
        (api_error(400, NESTED), EngineRefused, "400 illegal_argument_exception: no; since that; and that"),
        (api_error(404, {"error": "alias [x] missing"}, NotFoundError), EngineRefused, "404 alias [x] missing"),
        (api_error(403, ""), EngineRefused, "403 "),
    ],
)
def test_each_error(raised: Exception, kind: type[SearchError], detail: str) -> None:
    with pytest.raises(SearchError) as caught, translate_errors():
        raise raised
    assert (type(caught.value), caught.value.detail) == (kind, detail)
    assert caught.value.__cause__ is raised


def test_no_index() -> None:
    error = NotFoundError("index_not_found_exception", api_error(404, NO_INDEX).meta, NO_INDEX)
    with pytest.raises(NoIndex), translate_errors():
        raise error


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), translate_errors():
        raise ZeroDivisionError
