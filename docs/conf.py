"""The documentation: guide, gallery from `examples`, reference from docstrings.

README has the command that builds it. Nothing is fetched: there is no intersphinx, as
a build without network must not fail.
"""

from importlib import import_module
from pathlib import Path

from sphinx.util import logging

import sklearn_c2c

project = "sklearn_c2c"
version = release = sklearn_c2c.__version__
copyright = "the sklearn_c2c developers"

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "**/GALLERY_HEADER.rst"]
templates_path = ["_templates"]
myst_enable_extensions = ["attrs_inline", "colon_fence"]
myst_heading_anchors = 3

html_theme = "pydata_sphinx_theme"
html_title = "sklearn_c2c"
html_sidebars = {"*": []}  # only what lies in folders has neighbors to list
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
}

# The reference follows the modules' __all__, estimators under the name one imports.
autosummary_generate = ["api/index.rst"]
autosummary_ignore_module_all = False
autosummary_context = {"estimators": sklearn_c2c._ESTIMATORS}
autodoc_default_options = {"member-order": "bysource"}
numpydoc_show_class_members = False

default_role = "literal"
smartquotes = False  # they are part of values to type
toc_object_entries_show_parents = "hide"
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(sklearn|numpy|scipy|matplotlib|pandas)\..*")]

# In the order of the paper.
SECTIONS = ["compression", "composition", "beyond"]

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "ignore_pattern": r"reproduce|judge_|__",
    "backreferences_dir": "api/backreferences",
    "doc_module": ("sklearn_c2c",),
    "capture_repr": ("_repr_html_",),
    "remove_config_comments": True,
    "subsection_order": [f"../examples/{name}" for name in SECTIONS],
    "within_subsection_order": "FileNameSortKey",  # that is the paper's
    "parallel": 2,
    "show_memory": False,
    "download_all_examples": False,
    "write_computation_times": False,
}


REFERENCE = """\
API reference
=============

.. autosummary::
   :toctree:

   {}
"""


def write_reference(app):
    """List the modules; the templates go on from there, by their ``__all__``."""
    path = Path(app.srcdir, "api", "index.rst")
    modules = (f"sklearn_c2c.{name}" for name in sklearn_c2c._MODULES)
    text = REFERENCE.format("\n   ".join(modules))
    if not path.exists() or path.read_text() != text:  # or all is read anew
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def skip_sklearn(app, what, name, obj, skip, options):
    """Leave out what is scikit-learn's: its texts refer to its own pages."""
    return skip or str(getattr(obj, "__module__", "")).startswith("sklearn.")


def check_reference(app, env):
    """Warn of public names that the reference lacks."""
    documented = env.domains.python_domain.objects
    for name in sklearn_c2c._MODULES:
        module = import_module(f"sklearn_c2c.{name}")
        for public in public_names(module):
            home = (
                "sklearn_c2c" if public in sklearn_c2c._ESTIMATORS else module.__name__
            )
            if f"{home}.{public}" not in documented:
                message = "%s.%s is not in the reference"
                logging.getLogger(__name__).warning(message, home, public)


def public_names(module):
    """``__all__``, or else what the module itself defines."""
    return getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and getattr(value, "__module__", None) == module.__name__
    ]


def setup(app):
    """Connect the above to the build."""
    app.connect("builder-inited", write_reference, priority=1)  # autosummary is later
    app.connect("autodoc-skip-member", skip_sklearn)
    app.connect("env-check-consistency", check_reference)
