"""A column with the name by which a row is looked for, kept with every save."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from django.db import models

from accounts.names import SEARCH_FORM_CHARS, search_form

_WORDS_AT_MOST: Final = 5
_RENEWED_AT_ONCE: Final = 1000


class SearchNameField(models.CharField):  # type: ignore[type-arg]
    """The search form of other fields. It is updated with every save."""

    def __init__(self, *args: Any, of: tuple[str, ...] = (), **kwargs: Any) -> None:
        self._of = of
        super().__init__(
            *args, **{"max_length": SEARCH_FORM_CHARS, "default": "", "db_default": "", "editable": False, **kwargs}
        )

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "of": self._of}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        value = search_form(*(str(getattr(model_instance, name)) for name in self._of))
        setattr(model_instance, self.attname, value)
        return value


def with_search_name(update_fields: Iterable[str] | None, *sources: str) -> Iterable[str] | None:
    """Return the fields to save, with `search_name` where one of its sources is among them."""
    if update_fields is None:
        return None
    fields = set(update_fields)
    return fields | {"search_name"} if fields & set(sources) else fields


def renewed(app: str, model: str, *sources: str) -> Callable[[Any, Any], None]:
    """Return what a migration does once `search_form` gives other forms: it stores those that changed, in small steps."""

    def renew(apps: Any, schema_editor: Any) -> None:
        rows = apps.get_model(app, model).objects.using(schema_editor.connection.alias).only("search_name", *sources)
        after = 0
        while some := list(rows.filter(pk__gt=after).order_by("pk")[:_RENEWED_AT_ONCE]):
            changed = []
            for row in some:
                form = search_form(*(getattr(row, name) for name in sources))
                if form != row.search_name:
                    row.search_name = form
                    changed.append(row)
            rows.bulk_update(changed, ["search_name"])
            after = some[-1].pk

    return renew


def words_of(query: str) -> list[str]:
    """Return the words that someone looks for, in their search form."""
    return search_form(query).split()[:_WORDS_AT_MOST]
