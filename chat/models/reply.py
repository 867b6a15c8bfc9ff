"""Claude's replies: one row for each version of one. The message shows one of them; this holds how it came about."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.visible import has_ink
from chat.models.usage import Metered


class ReplyState(models.TextChoices):
    """`queued` -> `running` -> one of the ends; retry and continue lead from an end back to `queued`."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETE = "complete"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    FAILED = "failed"

    @property
    def is_open(self) -> bool:
        return self in (ReplyState.QUEUED, ReplyState.RUNNING)


def _turns(name: str, *of: str) -> models.Index:
    return models.Index(fields=(*of, "started_at"), name=name, condition=models.Q(started_at__isnull=False))


class Reply(Metered, models.Model):
    """A version of a reply. Its text is a checkpoint while it runs, and the message's content once it has ended.

    `change` is the room's change at which `state` last changed. `n` counts the deltas sent so far. The process that runs it
    owns it by `epoch`: a claim raises it, and every write of the runner is conditional on it.
    """

    message = models.ForeignKey("chat.Message", on_delete=models.CASCADE, related_name="versions")
    room = models.ForeignKey("chat.Room", on_delete=models.CASCADE, related_name="replies")
    prompt = models.ForeignKey("chat.Message", on_delete=models.SET_NULL, null=True, related_name="replies")
    prompt_content = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=11, choices=ReplyState, default=ReplyState.QUEUED)
    change = models.BigIntegerField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    # Whose pending call the stream's events belong to: a connection, and the id of its request as JSON.
    requester = models.CharField(max_length=32, blank=True)
    request_id = models.CharField(max_length=400, blank=True)
    model = models.CharField(max_length=80)
    # What was chosen for this prompt alone: names and values of `chat.protocol.room_settings.OF_ONE_PROMPT`.
    chosen = models.JSONField(default=dict, db_default={}, blank=True)
    effort = models.CharField(max_length=6, blank=True, default="", db_default="")
    without_thinking = models.BooleanField(default=False, db_default=False)
    text = models.TextField(blank=True)
    thinking = models.TextField(blank=True)
    tools = models.JSONField(default=list, blank=True)
    n = models.BigIntegerField(default=0)
    context_from = models.BigIntegerField(null=True, blank=True)
    has_summary = models.BooleanField(default=False)
    attempt = models.PositiveIntegerField(default=1)
    # What a call may write, where an earlier attempt needed more than CLAUDE_REPLY_TOKENS.
    max_tokens = models.PositiveIntegerField(null=True, blank=True)
    stop_reason = models.CharField(max_length=40, blank=True)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    error = models.CharField(max_length=200, blank=True, help_text="What the members see.")
    error_detail = models.TextField(blank=True, help_text="What the administrators see.")
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cache_creation_input_tokens = models.BigIntegerField(default=0)
    cache_read_input_tokens = models.BigIntegerField(default=0)
    # A default in the database: during an upgrade, the version before writes rows without them.
    cache_creation_1h_input_tokens = models.BigIntegerField("of these, kept for an hour", default=0, db_default=0)
    web_search_requests = models.BigIntegerField("web searches", default=0, db_default=0)
    cost_microusd = models.BigIntegerField(default=0)
    owner = models.CharField(max_length=32, blank=True)
    epoch = models.PositiveIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["Reply"]] = models.Manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name_plural = "replies"
        constraints = (
            models.UniqueConstraint(fields=("message", "version"), name="one_reply_per_version"),
            # The queue rests on this: two runners that claim two prompts of a room cannot both win.
            models.UniqueConstraint(
                fields=("room",), condition=models.Q(state="running"), name="one_running_reply_per_room"
            ),
        )
        indexes = (
            models.Index(fields=("id",), name="open_replies", condition=models.Q(state__in=("queued", "running"))),
            # When a person, a room, and a person in a room had their last turn: chat.claude.run.turns. A reply enters them
            # when it starts, so posting a prompt writes none of them.
            _turns("turns_of_person", "requested_by"),
            _turns("turns_of_room", "room"),
            _turns("turns_in_room", "room", "requested_by"),
        )

    def __str__(self) -> str:
        return f"reply {self.pk}, {self.state}"

    @property
    def is_open(self) -> bool:
        return ReplyState(self.state).is_open

    @property
    def is_blank(self) -> bool:
        """Whether it says nothing, whatever was thought and looked up for it."""
        return not has_ink(self.text)
