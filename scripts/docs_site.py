"""What the documentation's site needs beside MkDocs: pages from the repository's root, safe links.

MkDocs calls these functions by their names, see ``hooks`` in mkdocs.yml.
"""

import re
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

REPOSITORY: Final = Path(__file__).resolve().parents[1]
FROM_ROOT: Final = {"changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md"}

LINK: Final = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")
SPHINX_ROLE: Final = re.compile(r":(?:attr|class|func|meth|mod):(?=<code>)")
FETCHED: Final = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?(?:https?:)?//[^>]*>"
    r"|<link\b[^>]*\brel=[\"']?(?:stylesheet|preconnect|preload|icon)\b[^>]*"
    r"\bhref=[\"']?(?:https?:)?//[^>]*>",
    re.IGNORECASE,
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie in the repository's root, where everyone looks for them."""
    for name, source in FROM_ROOT.items():
        text = (REPOSITORY / source).read_text(encoding="utf-8").replace("](docs/", "](")
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links to files outside ``docs`` into their names; one that leads nowhere is an error."""
    source = page.file.src_uri
    folder = REPOSITORY if source in FROM_ROOT else (REPOSITORY / "docs" / source).parent

    def name_outside(match: re.Match[str]) -> str:
        text, target = match[1], match[2]
        if "://" in target or target.startswith("mailto:"):
            return match[0]
        path = (folder / target).resolve()
        inside = source in FROM_ROOT and (REPOSITORY / "docs" / target).exists()
        if inside or target in FROM_ROOT or path.is_relative_to(REPOSITORY / "docs"):
            return match[0]
        if not path.exists():
            raise PluginError(f"{source}: the link to {target} leads nowhere; correct or drop it")
        name = path.relative_to(REPOSITORY).as_posix()
        return f"`{name}`" if name in text.strip("`") else f"{text} (`{name}`)"

    return LINK.sub(name_outside, markdown)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Drop the names of Sphinx's roles, which docstrings may carry before a name in code."""
    return SPHINX_ROLE.sub("", html)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Refuse a page that a browser would fetch something for from another server."""
    fetched = FETCHED.search(output)
    if fetched:
        raise PluginError(f"{page.file.src_uri} fetches from elsewhere: {fetched[0][:200]}")
    return output
