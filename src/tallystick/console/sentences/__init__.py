"""English sentences in the reader's language: of errors, and of mistakes in a text.

The key of a message is the template of which the program itself makes its sentence, so
that there is no second list of them; English needs no catalogue. Where a template
counts `n`, it has the plural forms of the language.
"""

from tallystick.console.sentences.catalogue import Sentences, sentences_in

__all__ = ["Sentences", "sentences_in"]
