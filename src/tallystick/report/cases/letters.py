"""Letters as DOCX and PDF.

The same letter gives the same PDF; a DOCX carries the moment it is given.
"""

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Final

import docx
import typst
from docx.shared import Pt

from tallystick.cases.letter import Language, Letter

_FACE: Final = "Liberation Serif"
_PAGE: Final = """\
#let letter = json(bytes(sys.inputs.letter))
#set document(title: letter.title, date: none)
#set page(paper: "a4", margin: (x: 25mm, y: 22mm), numbering: "1 / 1")
#set text(font: ("Libertinus Serif", "New Computer Modern"), size: 11pt,
  lang: letter.language)
#set par(justify: true, spacing: 1.1em)
#text(size: 15pt, weight: "bold")[#letter.title]
#v(6pt)
#for line in letter.paragraphs { par(line) }
#if letter.handles.len() > 0 {
  columns(2, for handle in letter.handles { raw(handle); linebreak() })
}
#par(letter.close)
"""


def letter_docx(letter: Letter, *, language: Language, at_ms: int) -> bytes:
    """Return a letter as DOCX, to be edited further.

    Args:
        letter: What it says.
        language: For its spelling to be checked in.
        at_ms: When it was written.
    """
    document = docx.Document()
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    properties = document.core_properties
    properties.title, properties.language = letter.title, language
    properties.author = properties.last_modified_by = ""
    properties.created = properties.modified = moment
    font = document.styles["Normal"].font
    font.name, font.size = _FACE, Pt(11)
    document.add_heading(letter.title, level=1)
    for paragraph in letter.paragraphs:
        document.add_paragraph(paragraph)
    for handle in letter.handles:
        document.add_paragraph(handle, style="List Bullet")
    document.add_paragraph(letter.close)
    written = BytesIO()
    document.save(written)
    return written.getvalue()


def letter_pdf(letter: Letter, *, language: Language) -> bytes:
    """Return a letter as PDF.

    Args:
        letter: What it says. It is data to the typesetter, never markup.
        language: For hyphenation.
    """
    told = {
        "title": letter.title,
        "paragraphs": list(letter.paragraphs),
        "handles": list(letter.handles),
        "close": letter.close,
        "language": language,
    }
    pdf: bytes = typst.compile(
        _PAGE.encode(),
        ignore_system_fonts=True,
        sys_inputs={"letter": json.dumps(told, ensure_ascii=False)},
    )
    return pdf
