"""A charge may be for what a runner used after it had been taken for dead."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("chat", "0009_search_filled_later"),)
    operations = (
        migrations.AlterField(
            "charge",
            "purpose",
            models.CharField(
                choices=[("reply", "Reply"), ("late", "Late"), ("summary", "Summary")], default="reply", max_length=8
            ),
        ),
    )
