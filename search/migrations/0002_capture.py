"""Capture's triggers come with every migrate (see search/apps.py) and go when this migration is undone."""

from django.db import migrations


def tend(apps, schema_editor):
    """PostgreSQL: an outbox lives by insert and delete; its dead rows must go as fast as they come."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "ALTER TABLE search_outbox SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, "
            "autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0, "
            "autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000)"
        )


def drop_capture(apps, schema_editor):
    """Before the outbox goes, the triggers that write it."""
    from ..outbox.capture import remove

    remove(schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("search", "0001_initial")]

    operations = [migrations.RunPython(tend, drop_capture)]
