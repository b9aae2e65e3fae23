"""Hooks of MkDocs: the pages of the root of the repository become pages of the site, with their text as it is.

A link is written so that it works in the repository. In the site the pages of the root lie beside those of docs/.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

# page of the root → its name in the site
ROOT_PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
LINK = re.compile(r"(?<=\]\()(?!https?:|#)([^)\s#]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the root."""
    root = Path(config.config_file_path).parent
    for source, name in ROOT_PAGES.items():
        files.append(File.generated(config, name, content=(root / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links between files of the repository into links between pages of the site."""
    folder = "" if page.file.src_uri in ROOT_PAGES.values() else "docs"
    return LINK.sub(lambda match: _in_the_site(posixpath.normpath(posixpath.join(folder, match[1]))), markdown)


def _in_the_site(path: str) -> str:
    """Where the file `path` of the repository lies in the site. It names what the site does not have, too: MkDocs reports it then."""
    return ROOT_PAGES.get(path, path.removeprefix("docs/"))
