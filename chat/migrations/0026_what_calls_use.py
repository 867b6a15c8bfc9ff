"""What is written to the cache for an hour costs more than for five minutes, and searches of the web cost, too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0025_claude_settings_declared_once"),
    ]

    operations = [
        migrations.AddField(
            model_name="charge",
            name="cache_creation_1h_input_tokens",
            field=models.BigIntegerField(db_default=0, default=0, verbose_name="of these, kept for an hour"),
        ),
        migrations.AddField(
            model_name="charge",
            name="web_search_requests",
            field=models.BigIntegerField(db_default=0, default=0, verbose_name="web searches"),
        ),
        migrations.AddField(
            model_name="reply",
            name="cache_creation_1h_input_tokens",
            field=models.BigIntegerField(db_default=0, default=0, verbose_name="of these, kept for an hour"),
        ),
        migrations.AddField(
            model_name="reply",
            name="web_search_requests",
            field=models.BigIntegerField(db_default=0, default=0, verbose_name="web searches"),
        ),
    ]
