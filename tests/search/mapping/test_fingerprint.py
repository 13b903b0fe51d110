"""The fingerprint differs for different mappings, and only for them."""

from typing import Any

from django_elasticsearch_dsl import Document, fields

from order_search.documents import OrderDocument
from search.mapping.fingerprint import fingerprint, signed_body


def document(*, replicas: int = 0, refresh: str = "1s", gc: str = "1h", **mapped: Any) -> type[Document]:
    """Return an unregistered document class."""

    class SampleDocument(Document):  # type: ignore[misc]
        class Index:
            name = "sample"
            settings = {"number_of_replicas": replicas, "refresh_interval": refresh, "gc_deletes": gc}

    for name, field in mapped.items():
        SampleDocument._doc_type.mapping.field(name, field)
    return SampleDocument


def test_equal_code_has_an_equal_fingerprint() -> None:
    assert fingerprint(document(a=fields.LongField())) == fingerprint(document(a=fields.LongField()))


def test_the_order_of_fields_does_not_count() -> None:
    first = document(a=fields.LongField(), b=fields.TextField())
    second = document(b=fields.TextField(), a=fields.LongField())
    assert fingerprint(first) == fingerprint(second)


def test_a_field_its_type_and_a_lasting_setting_count() -> None:
    classes = [document(), document(a=fields.LongField()), document(a=fields.KeywordField()), document(gc="2h")]
    assert len({fingerprint(class_) for class_ in classes}) == 4


def test_settings_that_an_operator_changes_do_not_count() -> None:
    assert fingerprint(document(replicas=2, refresh="30s")) == fingerprint(document())


def test_an_index_carries_its_fingerprint() -> None:
    body = signed_body(OrderDocument)
    assert body["mappings"]["_meta"] == {"fingerprint": fingerprint(OrderDocument)}
    assert body["mappings"]["dynamic"] == "false"
    assert "_meta" not in OrderDocument._index.to_dict()["mappings"]
