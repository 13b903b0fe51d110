"""Storage parameters of the outbox. The triggers are installed after every migrate (see search/apps.py)."""

from django.apps import apps
from django.db import migrations

APP_LABEL = apps.get_containing_app_config(__name__).label


def set_storage_parameters(apps, schema_editor):
    """On PostgreSQL, let autovacuum remove the outbox's dead rows at once: entries live shortly."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "ALTER TABLE search_outbox SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, "
            "autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0, "
            "autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000)"
        )


def drop_capture(apps, schema_editor):
    """Drop the triggers before the outbox that they write."""
    from ..outbox.capture import remove

    remove(schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [(APP_LABEL, "0001_initial")]

    operations = [migrations.RunPython(set_storage_parameters, drop_capture)]
