"""Every error that Tallystick raises on purpose.

TallystickError          a stable code, a sentence for a person, what to do
├─ ConfigError           the operator's settings, flags or mapping file
├─ MalformedError        bytes or a file that cannot be read
├─ VerificationError     a key, version or agreement does not hold
├─ RefusedError          a law of the product forbids it
└─ UnavailableError      something needed is not there (a package, a file, memory)

No error ever carries a calling or called number.
"""


class TallystickError(Exception):
    """The base of all errors a user may see.

    Attributes:
        code: Stable short name, for scripts and the reference page.
        advice: What the reader can do about it; may be empty.
    """

    def __init__(self, code: str, sentence: str, *, advice: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.advice = advice

    def __str__(self) -> str:
        """Return the sentence and the advice."""
        sentence = super().__str__()
        return f"{sentence} {self.advice}" if self.advice else sentence


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
        self, code: str, sentence: str, *, advice: str = "", why: str = ""
    ) -> None:
        super().__init__(code, sentence, advice=advice)
        self.why = why


class UnavailableError(TallystickError):
    """Something that is needed is not there."""
