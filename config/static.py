"""Static files in production: hashed names, also inside ES modules, so that they can be cached for ever."""

from django.contrib.staticfiles.storage import staticfiles_storage
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
