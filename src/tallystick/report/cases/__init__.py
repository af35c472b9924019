"""Cases on paper: letters and exports."""

from tallystick.report.cases.dossier import Dossier, dossier_json
from tallystick.report.cases.letters import letter_docx, letter_pdf
from tallystick.report.cases.workbook import dossier_xlsx

__all__ = ["Dossier", "dossier_json", "dossier_xlsx", "letter_docx", "letter_pdf"]
