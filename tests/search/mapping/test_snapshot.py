"""snapshot(): one committed state for several reads, which blocks no writer."""

import pytest
from django.db import connection, transaction

from search.mapping.snapshot import snapshot
from tests.shop.models import Item
from tests.support import in_threads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _push_is_off(settings):
    settings.SEARCH_PUSH = "off"


def test_a_concurrent_commit_is_not_seen_and_not_blocked():
    with snapshot("default"):
        assert Item.objects.count() == 0
        in_threads(lambda: Item.objects.create(name="later"))
        assert Item.objects.count() == 0
    assert Item.objects.count() == 1


def test_it_refuses_to_run_inside_a_transaction():
    with transaction.atomic(), pytest.raises(RuntimeError, match="Open it outside"), snapshot("default"):
        pass


def test_an_error_inside_leaves_a_connection_that_works():
    with pytest.raises(KeyError), snapshot("default"):
        raise KeyError
    assert Item.objects.create(name="a").pk


@pytest.mark.postgres
def test_it_only_reads():
    with snapshot("default"), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_read_only'), current_setting('transaction_isolation')")
        assert cursor.fetchone() == ("on", "repeatable read")
