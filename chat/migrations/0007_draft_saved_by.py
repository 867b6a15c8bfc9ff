"""Who wrote a session's draft last."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("chat", "0006_search_by_parts"), migrations.swappable_dependency(settings.AUTH_USER_MODEL))
    operations = (
        migrations.AddField(
            "draft",
            "saved_by",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    )
