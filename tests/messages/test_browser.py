"""The shipped emails in a real browser: no wider than a phone, and without a barrier that axe-core can find."""

from __future__ import annotations

import html
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench.pictures import chromium, pages
from tests.support.paths import ROOT

AXE = ROOT / ".tools" / "node_modules" / "axe-core" / "axe.min.js"
PHONE = 360  # CSS pixels

_HARNESS = """<!DOCTYPE html><html><body>{frames}<pre id="told"></pre><script type="text/plain" id="axe">{axe}</script>
<script>
addEventListener("load", async () => {{
  const told = {{}};
  for (const frame of document.querySelectorAll("iframe")) {{
    const page = frame.contentDocument, axe = document.getElementById("axe").textContent;
    told[frame.name] = {{width: page.documentElement.scrollWidth, faults: []}};
    if (axe) {{
      const script = page.createElement("script");
      script.textContent = axe;
      page.head.appendChild(script);
      const found = await frame.contentWindow.axe.run(page.documentElement, {{iframes: false}});
      told[frame.name].faults = found.violations.map(one => one.id + ": " + one.nodes.map(n => n.html).join(" | "));
    }}
  }}
  document.getElementById("told").textContent = "<<<" + JSON.stringify(told) + ">>>";
}});
</script></body></html>"""


# A page that is as the others must not be, lest the browser finds nothing because it looks at nothing.
_CONTROL = '<html><body><img src="x.png"><div style="width:500px">wide</div></body></html>'


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the browser tells of every message, by its type."""
    browser = chromium()
    if browser is None:
        pytest.skip("there is no Chromium")
    frames = "".join(
        f'<iframe name="{name}" srcdoc="{html.escape(markup)}" style="width:{PHONE}px;height:900px"></iframe>'
        for name, markup in (pages() | {"control": _CONTROL}).items()
    )
    axe = AXE.read_text(encoding="utf-8").replace("</script", "<\\/script") if AXE.is_file() else ""
    page = tmp_path_factory.mktemp("browser") / "harness.html"
    page.write_text(_HARNESS.format(frames=frames, axe=axe), encoding="utf-8")
    done = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *("--no-first-run", "--disable-background-networking"),
            *("--virtual-time-budget=60000", "--dump-dom", page.as_uri()),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    [told] = re.findall(r"&lt;&lt;&lt;(.*?)&gt;&gt;&gt;", done.stdout, re.DOTALL)
    found: dict[str, Any] = json.loads(html.unescape(told))
    control = found.pop("control")
    assert control["width"] > PHONE
    assert bool(control["faults"]) == bool(axe)
    assert found.keys() == pages().keys()
    return found


@pytest.mark.timeout(300)
def test_no_message_is_wider_than_a_phone(shown: dict[str, Any]) -> None:
    assert {name: one["width"] for name, one in shown.items() if one["width"] > PHONE} == {}


@pytest.mark.timeout(300)
def test_no_message_has_a_barrier(shown: dict[str, Any]) -> None:
    if not AXE.is_file():
        pytest.skip("there is no axe-core: npm install --no-save --prefix .tools axe-core")
    assert {name: one["faults"] for name, one in shown.items() if one["faults"]} == {}


def test_the_pictures_are_of_every_message_with_an_email() -> None:
    assert {"welcome", "meeting_reminder_1h", "calendar_cancel", "announcement"} <= pages().keys()
    assert {"welcome (de)", "calendar_cancel (de)"} <= pages().keys()
    assert Path(ROOT, "email_base.html").is_file()
