"""How actions are split into bulks, and how a refused bulk is handled."""

from time import monotonic
from types import SimpleNamespace

import pytest
from elastic_transport import ApiResponseMeta, ConnectionTimeout, HttpHeaders, NodeConfig
from elasticsearch import ApiError

from search.outbox.outcomes import ActionResult, Outcome
from search.push import bulk
from search.push.actions import BulkAction

REFUSAL = {"error": {"type": "action_request_validation_exception", "reason": "id is too long"}}


def action(key, size=10, same_fingerprint=True, op_type="index"):
    return BulkAction(key, op_type, b"x" * size, same_fingerprint)


class Engine:
    """Answers each bulk by `answer(bodies)`, and remembers what it was sent."""

    def __init__(self, answer):
        self.answer = answer
        self.bulks = []
        self.timeouts = []

    def options(self, request_timeout):
        self.timeouts.append(request_timeout)
        return self

    def bulk(self, operations, filter_path):
        self.bulks.append(len(operations))
        return SimpleNamespace(body=self.answer(operations))


def accept(bodies):
    return {"items": [{"index": {"status": 200}} for _ in bodies]}


def refuse(status, body):
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.0, NodeConfig("http", "127.0.0.1", 9))
    raise ApiError("refused", meta, body)


@pytest.fixture
def engine(monkeypatch):
    def start(answer):
        found = Engine(answer)
        monkeypatch.setattr("search.client.connection.client", lambda: found)
        return found

    return start


def outcomes(answers):
    return [answer.outcome for _, answer in answers]


@pytest.mark.parametrize(
    ("sizes", "chunks"),
    [
        ([], []),
        ([10], [1]),
        ([10] * 7, [3, 3, 1]),  # by count
        ([40, 40, 40], [2, 1]),  # by bytes
        ([500, 10, 10], [1, 2]),  # a longer one goes alone
    ],
)
def test_a_bulk_is_split_by_count_and_bytes(sizes, chunks, settings):
    settings.SEARCH_BULK_MAX_DOCUMENTS, settings.SEARCH_BULK_MAX_BYTES = 3, 100
    assert [len(chunk) for chunk in bulk.split([action("k", size) for size in sizes])] == chunks


def test_a_refused_bulk_is_halved_down_to_the_document_that_causes_it(engine):
    def answer(bodies):
        return refuse(400, REFUSAL) if any(len(body) == 13 for body in bodies) else accept(bodies)

    found = engine(answer)
    answers = bulk.post_bulk([action(str(n), 13 if n == 5 else 10) for n in range(8)], monotonic(), 1.0)
    assert [op.key for op, answer in answers if answer.outcome is Outcome.REFUSED] == ["5"]
    assert outcomes(answers).count(Outcome.DONE) == 7
    assert found.bulks == [8, 4, 4, 2, 1, 1, 2]


def test_an_index_of_other_code_cannot_make_a_dead_letter(engine):
    engine(lambda bodies: refuse(400, REFUSAL))
    answers = bulk.post_bulk([action("1", same_fingerprint=False)], monotonic(), 1.0)
    assert answers[0][1] == ActionResult(Outcome.RETRY, "action_request_validation_exception")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (401, Outcome.RETRY),
        (403, Outcome.RETRY),
        (429, Outcome.RETRY),
        (500, Outcome.RETRY),
        (503, Outcome.UNREACHABLE),
    ],
)
def test_any_other_refusal_is_tried_later(engine, status, outcome):
    engine(lambda bodies: refuse(status, {}))
    answers = bulk.post_bulk([action("1"), action("2")], monotonic(), 1.0)
    assert [answer for _, answer in answers] == [ActionResult(outcome, f"status {status}")] * 2


def test_after_one_bulk_without_an_answer_the_rest_is_not_sent(engine, settings):
    settings.SEARCH_BULK_MAX_DOCUMENTS = 1

    def answer(bodies):
        raise ConnectionTimeout("late")

    found = engine(answer)
    answers = bulk.post_bulk([action("1"), action("2"), action("3")], monotonic(), 1.0)
    assert [answer for _, answer in answers] == [ActionResult(Outcome.UNREACHABLE, "ConnectionTimeout")] * 3
    assert found.bulks == [1]


def test_rows_older_than_half_of_settle_are_not_sent(engine, settings):
    settings.SEARCH_DELETE_GRACE_PERIOD = 10.0
    found = engine(accept)
    answers = bulk.post_bulk([action("1")], monotonic() - 5.1, 1.0)
    assert answers[0][1] == ActionResult(Outcome.RETRY, "rows too old to send")
    assert found.bulks == []


def test_an_answer_of_the_wrong_length_confirms_nothing(engine):
    engine(lambda bodies: accept(bodies[:1]))
    assert outcomes(bulk.post_bulk([action("1"), action("2")], monotonic(), 1.0)) == [Outcome.RETRY] * 2


def test_a_call_never_lasts_as_long_as_half_of_settle(settings):
    settings.SEARCH_DELETE_GRACE_PERIOD, settings.SEARCH_ENGINE_TIMEOUT = 2.0, 10.0
    assert bulk.call_timeout() == 0.8
