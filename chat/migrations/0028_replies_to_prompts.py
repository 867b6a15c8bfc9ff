"""A prompt's replies are named so in the program; the database stays as it is."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0027_attachment_for_model"),
    ]

    operations = [
        migrations.AlterField(
            model_name="reply",
            name="prompt",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="replies", to="chat.message"
            ),
        ),
    ]
