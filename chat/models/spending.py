"""Money: what each call of Claude may cost and has cost, in millionths of a US dollar."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from chat.models.usage import Metered


class ChargeState(models.TextChoices):
    OPEN = "open"  # reserved: the call has not ended
    SETTLED = "settled"
    RELEASED = "released"  # the call was never made


class ChargePurpose(models.TextChoices):
    REPLY = "reply"
    LATE = "late"  # what an attempt used after its runner had been taken for dead
    SUMMARY = "summary"
    TITLE = "title"


class Charge(Metered, models.Model):
    """One attempt at a reply, what it used late, one summary or title: the bill's line."""

    reply = models.ForeignKey("chat.Reply", on_delete=models.SET_NULL, null=True, blank=True, related_name="charges")
    attempt = models.PositiveIntegerField(default=1)
    purpose = models.CharField(max_length=8, default=ChargePurpose.REPLY, choices=ChargePurpose)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    room = models.ForeignKey("chat.Room", on_delete=models.SET_NULL, null=True, related_name="+")
    model = models.CharField(max_length=80)
    state = models.CharField(max_length=8, choices=ChargeState, default=ChargeState.OPEN)
    reserved_microusd = models.BigIntegerField(default=0)
    cost_microusd = models.BigIntegerField(default=0)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cache_creation_input_tokens = models.BigIntegerField(default=0)
    cache_read_input_tokens = models.BigIntegerField(default=0)
    # A default in the database: during an upgrade, the version before writes rows without them.
    cache_creation_1h_input_tokens = models.BigIntegerField("of these, kept for an hour", default=0, db_default=0)
    web_search_requests = models.BigIntegerField("web searches", default=0, db_default=0)
    day = models.DateField(help_text="The day, in UTC, on which it counts against the limits.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    settled_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["Charge"]] = models.Manager()

    class Meta:
        ordering = ("-pk",)
        constraints = (models.UniqueConstraint(fields=("reply", "attempt", "purpose"), name="one_charge_per_attempt"),)
        indexes = (
            models.Index(fields=("day",), name="charges_by_day"),
            models.Index(fields=("user", "day"), name="charges_by_user"),
            models.Index(fields=("room", "day"), name="charges_by_room"),
        )

    def __str__(self) -> str:
        return f"charge {self.pk}, {self.state}"


class Spending(models.Model):
    """What a subject (`user:1`, `room:2`, `all`) has spent and reserved in a day (`2026-11-23`) or month (`2026-11`)."""

    subject = models.CharField(max_length=40)
    period = models.CharField(max_length=10)
    reserved_microusd = models.BigIntegerField(default=0)
    spent_microusd = models.BigIntegerField(default=0)

    objects: ClassVar[models.Manager["Spending"]] = models.Manager()

    class Meta:
        verbose_name_plural = "spending"
        constraints = (models.UniqueConstraint(fields=("subject", "period"), name="one_spending_per_period"),)

    def __str__(self) -> str:
        return f"{self.subject} in {self.period}"
