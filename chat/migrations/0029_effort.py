"""How much effort a room asks of Claude, and a reply was asked for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0028_replies_to_prompts"),
    ]

    operations = [
        migrations.AddField(
            model_name="reply",
            name="effort",
            field=models.CharField(blank=True, db_default="", default="", max_length=6),
        ),
        migrations.AddField(
            model_name="room",
            name="claude_effort",
            field=models.CharField(blank=True, db_default="", default="", max_length=6),
        ),
    ]
