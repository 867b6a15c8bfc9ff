"""Static files in production: hashed names, also inside ES modules, so that they can be cached for ever."""

from servestatic.storage import CompressedManifestStaticFilesStorage


class ModuleStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Rewrites `import … from "./x.js"` to the hashed name: or a deploy would mix old and new modules in a page."""

    support_js_module_import_aggregation = True
    # One pass for each step of the longest chain of imports. Django's 5 are for stylesheets.
    max_post_process_passes = 20
