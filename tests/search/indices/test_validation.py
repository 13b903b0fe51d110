"""Each problem is named, with the command that solves it."""

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from search.indices import aliases, lifecycle, validation
from search.indices.validation import flatten, problems
from search.mapping.fingerprint import fingerprint, signed_body
from search.models import Index
from search.outbox import capture

ALIAS = aliases.alias_of(OrderDocument)
REBUILD = "run search_index --rebuild"
in_engine = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.django_db(transaction=True)]


def test_nested_settings_are_compared_flat() -> None:
    nested = {"analysis": {"filter": {"x": {"type": "y", "list": [1, "a"]}}}, "gc_deletes": "1h"}
    assert flatten(nested) == {"analysis.filter.x.type": "y", "analysis.filter.x.list": ["1", "a"], "gc_deletes": "1h"}


class TestOfAnIndex:
    pytestmark = in_engine

    def make(self, engine: Elasticsearch, mappings: dict[str, Any], settings: dict[str, Any]) -> str:
        """Create the live index as other code would; return its name."""
        shape, name = signed_body(OrderDocument), lifecycle.new_index_name(ALIAS)
        engine.indices.create(
            index=name,
            mappings=shape["mappings"] | mappings,
            settings=shape["settings"] | settings,
            aliases={ALIAS: {}},
        )
        lifecycle.create(OrderDocument)
        return name

    def test_nothing(self, engine: Elasticsearch) -> None:
        lifecycle.create(OrderDocument)
        assert problems(OrderDocument) == []

    def test_another_mapping(self, engine: Elasticsearch) -> None:
        properties = signed_body(OrderDocument)["mappings"]["properties"] | {"total_amount": {"type": "float"}}
        del properties["created_at"]
        self.make(engine, {"properties": properties, "dynamic": "strict"}, {})
        assert sorted(problems(OrderDocument)) == [
            f"the mapping is not dynamic: false: {REBUILD}",
            f"the mapping of created_at differs from the code's: {REBUILD}",
            f"the mapping of total_amount differs from the code's: {REBUILD}",
        ]

    def test_other_code_of_the_same_fields(self, engine: Elasticsearch) -> None:
        self.make(engine, {"_meta": {"fingerprint": "other"}}, {})
        assert problems(OrderDocument) == [f"the index was created by other code: {REBUILD}"]

    @pytest.mark.real  # the embedded engine keeps no such settings
    def test_another_setting_but_not_one_that_is_the_operators(self, engine: Elasticsearch) -> None:
        self.make(engine, {}, {"gc_deletes": "1m", "refresh_interval": "30s"})
        assert problems(OrderDocument) == [f"the setting gc_deletes is 1m, not 1h: {REBUILD}"]

    def test_records_that_differ_and_a_target_that_does_not_exist(self, engine: Elasticsearch) -> None:
        live = lifecycle.create(OrderDocument).name
        Index.objects.filter(name=live).update(name=f"{ALIAS}-lost")
        other = Index.objects.create(name=f"{ALIAS}-gone", alias=ALIAS, state="standby", fingerprint="f")
        Index.objects.filter(name=live).delete()
        named = f"{ALIAS} names {live}, {ALIAS}-lost is recorded as live: run search_index --create"
        gone = f"{other.name} (standby) does not exist in Elasticsearch: run search_index --prune"
        assert problems(OrderDocument) == [named, gone]

    def test_changes_that_are_not_captured(self, engine: Elasticsearch, monkeypatch: pytest.MonkeyPatch) -> None:
        lifecycle.create(OrderDocument)
        monkeypatch.setattr(capture, "status", lambda using: {"orders.Order": False, "orders.OrderLine": True})
        assert validation.problems(OrderDocument) == ["changes of orders.Order are not captured: run migrate"]
        assert Index.objects.live().get(alias=ALIAS).fingerprint == fingerprint(OrderDocument)
