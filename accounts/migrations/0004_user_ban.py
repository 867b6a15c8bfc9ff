"""People can be banned from the installation."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("accounts", "0003_search_name"),)
    operations = (
        migrations.AddField("user", "banned_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField("user", "ban_ends_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField("user", "ban_reason", models.CharField(blank=True, editable=False, max_length=200)),
    )
