"""Names of models and fields in the terms of the field; no table and no row changes."""

from django.apps import apps
from django.db import migrations

APP_LABEL = apps.get_containing_app_config(__name__).label


class Migration(migrations.Migration):
    dependencies = [(APP_LABEL, "0002_capture")]

    operations = [
        migrations.RenameModel("Floor", "VersionFloor"),
        migrations.RenameModel("Range", "BackfillRange"),
        migrations.RenameField("Index", "beat_at", "heartbeat_at"),
        migrations.RenameField("RelayProcess", "beat_at", "heartbeat_at"),
    ]
