"""Static files: in production under hashed names, also inside ES modules, so that they can be cached forever."""

from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponseBase
from servestatic.middleware import ServeStaticMiddleware
from servestatic.responders import MissingFileError
from servestatic.storage import CompressedManifestStaticFilesStorage


class ModuleStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Rewrites `import … from "./x.js"` to the hashed name: or a deploy would mix old and new modules in a page."""

    support_js_module_import_aggregation = True
    # A worker's address is no import. The name in it is written as for one.
    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        (
            "*.js",
            (
                (
                    r"""(?P<matched>new URL\("(?P<url>\./[^"]+)", import\.meta\.url\))""",
                    'new URL("%(url)s", import.meta.url)',
                ),
            ),
        ),
    )
    # One pass for each step of the longest chain of imports. Django's 5 are for stylesheets.
    max_post_process_passes = 20


def are_missing() -> bool:
    """Whether pages can't name their static files, because `collectstatic` has not run: then each of them fails."""
    return isinstance(staticfiles_storage, ModuleStaticFilesStorage) and not staticfiles_storage.hashed_files


class StaticFilesMiddleware(ServeStaticMiddleware):
    """With DEBUG, the library raises for an unknown address under STATIC_URL, and Django shows that as a server error."""

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            response: HttpResponseBase = await super().__call__(request)
        except MissingFileError:
            response = await self.get_response(request)
        return response
