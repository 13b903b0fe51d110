"""Each cause and what it means."""

import pytest

from search.outbox.outcomes import ActionResult, Outcome, classify_item, classify_refused_bulk, combine, describe

CONFLICT = {
    "type": "version_conflict_engine_exception",
    "reason": "[17]: version conflict, current version [9007199254740991] is higher than the one provided [5]",
}
PARSING = {
    "type": "document_parsing_exception",
    "reason": "[1:24] failed to parse field [total_amount] of type [double] in document with id '1'. Preview of "
    "field's value: 'Jane Doe, 5 High Street'",
}


@pytest.mark.parametrize(
    ("operation", "item", "answer"),
    [
        ("index", {"status": 200, "result": "updated"}, ActionResult(Outcome.DONE)),
        ("index", {"status": 201, "result": "created"}, ActionResult(Outcome.DONE)),
        ("delete", {"status": 200, "result": "deleted"}, ActionResult(Outcome.DONE)),
        ("delete", {"status": 404, "result": "not_found"}, ActionResult(Outcome.DONE)),
        (
            "delete",
            {"status": 404, "error": {"type": "index_not_found_exception", "reason": "no such index [orders-1]"}},
            ActionResult(Outcome.RETRY, "index_not_found_exception"),
        ),
        ("index", {"status": 404, "result": "not_found"}, ActionResult(Outcome.RETRY, "status 404")),
        (
            "index",
            {"status": 409, "error": CONFLICT},
            ActionResult(Outcome.VERSION_CONFLICT, "version_conflict_engine_exception", 9007199254740991),
        ),
        (
            "delete",
            {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "?"}},
            ActionResult(Outcome.VERSION_CONFLICT, "version_conflict_engine_exception", 0),
        ),
        (
            "index",
            {"status": 400, "error": PARSING},
            ActionResult(Outcome.REFUSED, "document_parsing_exception: total_amount"),
        ),
        (
            "index",
            {"status": 400, "error": {"type": "illegal_argument_exception", "reason": "Limit of total fields"}},
            ActionResult(Outcome.RETRY, "illegal_argument_exception"),
        ),
        (
            "index",
            {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "queue"}},
            ActionResult(Outcome.RETRY, "es_rejected_execution_exception"),
        ),
        (
            "index",
            {"status": 403, "error": {"type": "cluster_block_exception", "reason": "read-only"}},
            ActionResult(Outcome.RETRY, "cluster_block_exception"),
        ),
        ("index", {"status": 500, "error": {"type": "never_heard_of"}}, ActionResult(Outcome.RETRY, "never_heard_of")),
        ("index", {}, ActionResult(Outcome.RETRY, "status 0")),
    ],
)
def test_an_items_answer(operation, item, answer):
    assert classify_item(operation, item) == answer


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (
            400,
            {"error": {"type": "action_request_validation_exception", "reason": "id is too long"}},
            ActionResult(Outcome.REFUSED, "action_request_validation_exception"),
        ),
        (413, "", ActionResult(Outcome.REFUSED, "status 413")),
        (400, "<html>no engine at all</html>", ActionResult(Outcome.RETRY, "status 400")),
        (400, {"error": "a text"}, ActionResult(Outcome.RETRY, "a text")),
    ],
)
def test_a_lone_documents_answer(status, body, answer):
    assert classify_refused_bulk(status, body) == answer


def test_an_error_never_shows_the_value():
    assert describe(PARSING) == "document_parsing_exception: total_amount"


def test_an_error_is_at_most_80_characters():
    assert describe({"type": "x" * 200}) == "x" * 80


@pytest.mark.parametrize(
    ("outcomes", "combined"),
    [
        ([Outcome.DONE, Outcome.DONE], Outcome.DONE),
        ([Outcome.DONE, Outcome.RETRY], Outcome.RETRY),
        ([Outcome.DONE, Outcome.BLOCKED], Outcome.BLOCKED),
        ([Outcome.VERSION_CONFLICT, Outcome.DONE], Outcome.VERSION_CONFLICT),
        ([Outcome.RETRY, Outcome.REFUSED], Outcome.REFUSED),
        ([Outcome.UNREACHABLE, Outcome.VERSION_CONFLICT], Outcome.UNREACHABLE),
        ([], Outcome.DONE),
    ],
)
def test_an_entry_is_done_only_when_every_target_is(outcomes, combined):
    assert combine([ActionResult(outcome) for outcome in outcomes]).outcome is combined
