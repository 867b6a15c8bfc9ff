"""When people and rooms had their last turns with Claude is looked up in an index."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0013_drafts_that_could_not_be_saved"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="reply",
            index=models.Index(
                condition=models.Q(("started_at__isnull", False)),
                fields=["requested_by", "started_at"],
                name="turns_of_person",
            ),
        ),
        migrations.AddIndex(
            model_name="reply",
            index=models.Index(
                condition=models.Q(("started_at__isnull", False)), fields=["room", "started_at"], name="turns_of_room"
            ),
        ),
        migrations.AddIndex(
            model_name="reply",
            index=models.Index(
                condition=models.Q(("started_at__isnull", False)),
                fields=["room", "requested_by", "started_at"],
                name="turns_in_room",
            ),
        ),
    ]
