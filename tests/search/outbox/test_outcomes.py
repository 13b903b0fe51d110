"""Each cause and what it means."""

import pytest

from search.outbox.outcomes import Answer, Outcome, classify, classify_lone, combine, describe

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
        ("index", {"status": 200, "result": "updated"}, Answer(Outcome.DONE)),
        ("index", {"status": 201, "result": "created"}, Answer(Outcome.DONE)),
        ("delete", {"status": 200, "result": "deleted"}, Answer(Outcome.DONE)),
        ("delete", {"status": 404, "result": "not_found"}, Answer(Outcome.DONE)),
        (
            "delete",
            {"status": 404, "error": {"type": "index_not_found_exception", "reason": "no such index [orders-1]"}},
            Answer(Outcome.RETRY, "index_not_found_exception"),
        ),
        ("index", {"status": 404, "result": "not_found"}, Answer(Outcome.RETRY, "status 404")),
        (
            "index",
            {"status": 409, "error": CONFLICT},
            Answer(Outcome.AHEAD, "version_conflict_engine_exception", 9007199254740991),
        ),
        (
            "delete",
            {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "?"}},
            Answer(Outcome.AHEAD, "version_conflict_engine_exception", 0),
        ),
        (
            "index",
            {"status": 400, "error": PARSING},
            Answer(Outcome.REFUSED, "document_parsing_exception: total_amount"),
        ),
        (
            "index",
            {"status": 400, "error": {"type": "illegal_argument_exception", "reason": "Limit of total fields"}},
            Answer(Outcome.RETRY, "illegal_argument_exception"),
        ),
        (
            "index",
            {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "queue"}},
            Answer(Outcome.RETRY, "es_rejected_execution_exception"),
        ),
        (
            "index",
            {"status": 403, "error": {"type": "cluster_block_exception", "reason": "read-only"}},
            Answer(Outcome.RETRY, "cluster_block_exception"),
        ),
        ("index", {"status": 500, "error": {"type": "never_heard_of"}}, Answer(Outcome.RETRY, "never_heard_of")),
        ("index", {}, Answer(Outcome.RETRY, "status 0")),
    ],
)
def test_an_items_answer(operation, item, answer):
    assert classify(operation, item) == answer


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (
            400,
            {"error": {"type": "action_request_validation_exception", "reason": "id is too long"}},
            Answer(Outcome.REFUSED, "action_request_validation_exception"),
        ),
        (413, "", Answer(Outcome.REFUSED, "status 413")),
        (400, "<html>no engine at all</html>", Answer(Outcome.RETRY, "status 400")),
        (400, {"error": "a text"}, Answer(Outcome.RETRY, "a text")),
    ],
)
def test_a_lone_documents_answer(status, body, answer):
    assert classify_lone(status, body) == answer


def test_an_error_never_shows_the_value():
    assert describe(PARSING) == "document_parsing_exception: total_amount"


def test_an_error_is_at_most_80_characters():
    assert describe({"type": "x" * 200}) == "x" * 80


@pytest.mark.parametrize(
    ("outcomes", "combined"),
    [
        ([Outcome.DONE, Outcome.DONE], Outcome.DONE),
        ([Outcome.DONE, Outcome.RETRY], Outcome.RETRY),
        ([Outcome.DONE, Outcome.WAITING], Outcome.WAITING),
        ([Outcome.AHEAD, Outcome.DONE], Outcome.AHEAD),
        ([Outcome.RETRY, Outcome.REFUSED], Outcome.REFUSED),
        ([Outcome.UNREACHABLE, Outcome.AHEAD], Outcome.UNREACHABLE),
        ([], Outcome.DONE),
    ],
)
def test_an_entry_is_done_only_when_every_target_is(outcomes, combined):
    assert combine([Answer(outcome) for outcome in outcomes]).outcome is combined
