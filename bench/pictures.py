"""`python -m bench.pictures DIR`: every shipped email, and the page of the demo, as people see them, as pictures.

At the widths of a phone, a mail program's pane and a desktop, light and dark, by headless Chromium. For people to look
at; tests/messages/test_browser.py and tests/page/test_page_browser.py measure the same. The pictures of the terminal
that the README shows, docs/*.svg, are made anew too (see bench/terminals.py).
"""

from __future__ import annotations

import html
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench import terminals
from notify_cli import messages, preview
from notify_cli.config import Settings
from notify_cli.messages import Catalog
from notify_cli.preview import sample
from notify_cli.preview.target import SAMPLE

WIDTHS = (360, 600, 800)  # CSS pixels
SCHEMES = ("light", "dark")
COLUMNS, HEIGHT = 3, 860  # of a sheet, and of each page on it
PAGE = {375: 6000, 1280: 4500}  # the heights to which the page is pictured, by the widths of a phone and a desktop
SETTINGS = preview.complete(
    Settings(
        from_name="AI Safety Course",
        footer="AI Safety Course, Example Street 1, 12345 Exampletown",
        unsubscribe_url="https://courses.example.org/u/{token}",
        secret="only for looking at",
        discord_server_id="800000000000000001",
    )
)


def pages(settings: Settings = SETTINGS) -> dict[str, str]:
    """The HTML of every message that has an email, with sample data: `welcome`, in another language `welcome (de)`."""
    catalog = messages.load(messages.packaged_path())
    found = _in(catalog, settings)
    for language, translation in catalog.translations.items():
        found |= {f"{name} ({language})": page for name, page in _in(translation, settings).items()}
    return found


def _in(catalog: Catalog, settings: Settings) -> dict[str, str]:
    made = {}
    for name, section in catalog.sections.items():
        if "email_body" not in section.parts:
            continue
        tables = sample.tables(datetime.now(UTC), settings, name)
        shown = preview.make(catalog, name, tables, SAMPLE, settings)
        if shown.email:
            made[name] = shown.email.html
    return made


def chromium() -> str | None:
    """The browser, if it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def sheet(made: dict[str, str], width: int) -> str:
    """All pages side by side, each in a frame as wide as the screen it is for."""
    frame = '<iframe srcdoc="{}" style="border:1px solid #999;width:{}px;height:{}px"></iframe>'
    return f'<body style="margin:0;width:{COLUMNS * (width + 8)}px">' + "".join(
        frame.format(html.escape(markup), width, HEIGHT) for markup in made.values()
    )


def shoot(browser: str, page: Path, picture: Path, size: tuple[int, int], scheme: str) -> None:
    """Take one picture of a page, `size` wide and high."""
    dark = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []
    still = ["--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-background-networking"]
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                *(browser, "--headless", "--no-sandbox", f"--user-data-dir={profile}", *still, *dark),
                *(f"--window-size={size[0]},{size[1]}", f"--screenshot={picture}", page.as_uri()),
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )


def main() -> int:
    """Write the pictures."""
    browser = chromium()
    if browser is None:
        print("there is no Chromium: apt-get install chromium", file=sys.stderr)
        return 1
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "pictures").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        made = pages()
        for width in WIDTHS:
            page = Path(scratch) / f"{width}.html"
            page.write_text(sheet(made, width), encoding="utf-8")
            size = COLUMNS * (width + 8), -(-len(made) // COLUMNS) * (HEIGHT + 12)
            for scheme in SCHEMES:
                shoot(browser, page, folder / f"emails-{width}-{scheme}.png", size, scheme)
        page = terminals.demo(Path(scratch))
        for width, height in PAGE.items():
            for scheme in SCHEMES:
                shoot(browser, page, folder / f"page-{width}-{scheme}.png", (width, height), scheme)
        terminals.draw(Path(scratch), Path(__file__).parents[1] / "docs")
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
