"""How the page looks: contrast by calculation, layout measured in a browser."""

import json
import re
from importlib.resources import files

import pytest

from tallystick.report.texts import LANGUAGES

TEXT_CONTRAST = 4.5  # WCAG 2.2, 1.4.3 (AA)
SIGN_CONTRAST = 3.0  # WCAG 2.2, 1.4.11 (AA)
WORDS = ("ink", "muted", "link")
SIGNS = ("departures", "arrivals", "accused", "domestic")
# Asks the browser where everything came to lie, one language after the other.
MEASURE = """
<pre id="measured"></pre><script>
const said = [];
for (const language of ["en", "ru", "be"]) {
  document.getElementById("choose-" + language).checked = true;
  const article = document.getElementById(language);
  const found = {language, clipped: [], collided: [], shown: [], texts: 0};
  for (const other of document.querySelectorAll("article"))
    if (other.getBoundingClientRect().height) found.shown.push(other.id);
  found.wide = document.documentElement.scrollWidth
    - document.documentElement.clientWidth;
  for (const svg of article.querySelectorAll("svg[role=img]")) {
    const frame = svg.getBoundingClientRect();
    const boxes = [...svg.querySelectorAll("text")].filter(one => one.textContent)
      .map(one => [one.textContent, one.getBoundingClientRect()]);
    found.texts += boxes.length;
    for (const [text, box] of boxes)
      if (box.left < frame.left - 2 || box.right > frame.right + 2 ||
          box.top < frame.top - 2 || box.bottom > frame.bottom + 2)
        found.clipped.push(text);
    for (const [i, [text, a]] of boxes.entries())
      for (const [other, b] of boxes.slice(i + 1))
        if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1.5 &&
            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4)
          found.collided.push(text + " / " + other);
  }
  said.push(found);
}
document.getElementById("measured").textContent = JSON.stringify(said);
</script>
"""


def palettes():
    """Return the colours of light, dark and print, by name."""
    css = (files("tallystick.report") / "templates" / "palette.css").read_text("utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    found = [dict(re.findall(r"--([a-z]+): (#[0-9a-f]{3,6});", b)) for b in blocks]
    return dict(zip(("light", "dark", "print"), found, strict=True))


def luminance(colour):
    """Return the relative luminance of a colour, as WCAG defines it."""
    digits = colour[1:]
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    ]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    """Return the contrast of two colours."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_contrast_suffices(scheme):
    """Words and signs stand out from the paper in light, dark and print."""
    colours = palettes()[scheme]
    for name in WORDS:
        assert contrast(colours[name], colours["paper"]) >= TEXT_CONTRAST, name
    for name in SIGNS:
        assert contrast(colours[name], colours["paper"]) >= SIGN_CONTRAST, name


@pytest.mark.parametrize("width", [1200, 390])
def test_nothing_is_clipped_and_nothing_collides(browser, page, tmp_path, width):
    """In every language all words of all pictures lie inside and apart."""
    path = tmp_path / "measured.html"
    path.write_text(page.replace("</body>", MEASURE + "</body>"), encoding="utf-8")
    dom = browser(path, "--dump-dom", f"--window-size={width},2000")
    text = re.search(r'<pre id="measured">(.*?)</pre>', dom, re.DOTALL)[1]
    found = json.loads(text.replace("&amp;", "&").replace("&gt;", ">"))
    assert [one["language"] for one in found] == list(LANGUAGES)
    for one in found:
        assert one["shown"] == [one["language"]]
        assert one["texts"] > 200
        assert one["clipped"] == []
        assert one["collided"] == []
        assert one["wide"] <= 0


def test_page_prints_on_few_sheets(browser, page, tmp_path):
    """A day with all kinds prints on some fifteen sheets, one language only."""
    path, pdf = tmp_path / "report.html", tmp_path / "report.pdf"
    path.write_text(page, encoding="utf-8")
    browser(path, f"--print-to-pdf={pdf}", "--no-pdf-header-footer")
    sheets = len(re.findall(rb"/Type /Page\b", pdf.read_bytes()))
    assert 8 <= sheets <= 22
