"""Every error that Tallystick raises on purpose.

TallystickError          a stable code, a sentence for a person, what to do
├─ ConfigError           the operator's settings, flags or mapping file
├─ MalformedError        bytes or a file that cannot be read
├─ VerificationError     a key, version or agreement does not hold
├─ RefusedError          a law of the product forbids it
└─ UnavailableError      something needed is not there (a package, a file, memory)

No error ever carries a calling or called number.
"""

from tallystick.model.sentence import JOINED, Said, Sentence


class TallystickError(Exception):
    """The base of all errors a user may see.

    Attributes:
        code: Stable short name, for scripts and the reference page.
        sentence: What is wrong.
        advice: What the reader can do about it; may be empty.
        said: Both, for whoever says it in another language.
    """

    def __init__(
        self, code: str, sentence: Said, *, advice: str = "", **values: object
    ) -> None:
        """Put an error together.

        Args:
            code: Its name.
            sentence: What is wrong; the template of it where there are values.
            advice: What to do, in the same way.
            values: What stands in both, as in a `Sentence`.
        """
        told = (
            sentence if isinstance(sentence, Sentence) else Sentence(sentence, values)
        )
        what = Sentence(advice, values)
        super().__init__(str(told))
        self.code = code
        self.sentence = told
        self.advice = str(what)
        self.said = (
            Sentence(JOINED, {"sentence": told, "advice": what}) if advice else told
        )

    def __str__(self) -> str:
        """Return the sentence and the advice."""
        return str(self.said)


class ConfigError(TallystickError):
    """A setting, flag or mapping file is wrong."""


class MalformedError(TallystickError):
    """A file or message cannot be read as what it claims to be."""


class VerificationError(TallystickError):
    """A key, version or agreement does not hold."""


class RefusedError(TallystickError):
    """A law of the product forbids what was asked.

    Attributes:
        why: The reason in a word, where one code has several; else empty.
    """

    def __init__(
        self,
        code: str,
        sentence: Said,
        *,
        advice: str = "",
        why: str = "",
        **values: object,
    ) -> None:
        super().__init__(code, sentence, advice=advice, **values)
        self.why = why


class UnavailableError(TallystickError):
    """Something that is needed is not there."""
