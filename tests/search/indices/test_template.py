"""The template that lets no write make an index."""

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from search.indices import aliases, template

pytestmark = [pytest.mark.engine, pytest.mark.conformance]
ALIAS = aliases.alias_of(OrderDocument)


def test_it_is_seen_when_it_is_there_and_as_it_should_be(engine: Elasticsearch) -> None:
    template.put_template(ALIAS)
    template.put_template(ALIAS)
    assert template.has_template(ALIAS)
    engine.indices.delete_index_template(name=ALIAS)
    assert not template.has_template(ALIAS)


@pytest.mark.parametrize("changed", [{"allow_auto_create": True}, {"index_patterns": [f"{ALIAS}-other"]}])
def test_a_changed_one_is_seen(engine: Elasticsearch, changed: dict[str, Any]) -> None:
    engine.indices.put_index_template(name=ALIAS, **(template.template_body(ALIAS) | changed))
    try:
        assert not template.has_template(ALIAS)
    finally:
        template.put_template(ALIAS)
    assert template.has_template(ALIAS)
