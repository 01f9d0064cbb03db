"""HTML documents in a real browser: how wide they are on a screen, and which barriers axe-core finds in them."""

from __future__ import annotations

import html
import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.pictures import chromium
from tests.support.paths import ROOT

AXE = ROOT / ".tools" / "node_modules" / "axe-core" / "axe.min.js"

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
_CONTROL = '<html><body><img src="x.png"><div style="width:{}px">wide</div></body></html>'


def look(
    pages: Mapping[str, str], folder: Path, widths: Sequence[int], *, dark: bool = False
) -> dict[int, dict[str, Any]] | None:
    """By width, what each document is on a screen so wide, in CSS pixels: its `width` and its `faults`.

    None without a browser. A document's own policy must allow scripts, or axe-core cannot run in it.
    """
    browser = chromium()
    if browser is None:
        return None
    frames = "".join(
        f'<iframe name="{width} {name}" srcdoc="{html.escape(markup)}"'
        f' style="width:{width}px;height:900px;border:0"></iframe>'
        for width in widths
        for name, markup in {**pages, "control": _CONTROL.format(width + 140)}.items()
    )
    axe = AXE.read_text(encoding="utf-8").replace("</script", "<\\/script") if AXE.is_file() else ""
    page = folder / f"harness-{dark}.html"
    page.write_text(_HARNESS.format(frames=frames, axe=axe), encoding="utf-8")
    scheme = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if dark else []
    done = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", *scheme),
            *("--no-first-run", "--disable-background-networking", f"--user-data-dir={folder / 'profile'}"),
            *("--virtual-time-budget=60000", f"--window-size={max(widths) + 40},1000", "--dump-dom", page.as_uri()),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=500,
    )
    [told] = re.findall(r"&lt;&lt;&lt;(.*?)&gt;&gt;&gt;", done.stdout, re.DOTALL)
    found: dict[int, dict[str, Any]] = {width: {} for width in widths}
    for frame, seen in json.loads(html.unescape(told)).items():
        width, _, name = frame.partition(" ")
        found[int(width)][name] = seen
    for width, by_name in found.items():
        control = by_name.pop("control")
        assert control["width"] > width
        assert bool(control["faults"]) == bool(axe)
        assert by_name.keys() == pages.keys()
    return found
