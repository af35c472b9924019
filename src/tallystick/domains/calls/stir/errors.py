"""What goes wrong with a request, and how each form says so.

Source: spec/stir-http.md, "Errors".
"""

from types import MappingProxyType
from typing import Final, Literal, NamedTuple

Form = Literal["atis", "3gpp"]


class Error(NamedTuple):
    """One row of the table.

    Attributes:
        status: HTTP status.
        message_id: As ATIS-1000082 names it; `SVC` for services, `POL` for policy.
        text: Its text; %1 and %2 stand for the variables.
        error: The text of the 3GPP form.
    """

    status: int
    message_id: str
    text: str
    error: str


ERRORS: Final = MappingProxyType(
    {
        "body-missing": Error(
            400, "SVC4000", "Missing request body", "Missing Request Body"
        ),
        "parameter-missing": Error(
            400,
            "SVC4001",
            "Missing mandatory parameter '%1'",
            "Missing Mandatory Parameter",
        ),
        "answer-type": Error(
            406,
            "SVC4002",
            "Requested response body type '%1' is not supported",
            "Requested response body type is not supported",
        ),
        "resource-unknown": Error(
            404,
            "SVC4003",
            "Requested resource was not found",
            "Requested resource not found",
        ),
        "body-type": Error(
            415,
            "SVC4004",
            "Unsupported request body type, expected '%1'",
            "Unsupported request body type",
        ),
        "parameter-invalid": Error(
            400,
            "SVC4005",
            "Invalid '%1' parameter value: %2",
            "Invalid Parameter Value",
        ),
        "body-malformed": Error(
            400,
            "SVC4006",
            "Failed to parse received message body: %1",
            "Failed To Parse Message Body",
        ),
        "length-missing": Error(
            411,
            "SVC4007",
            "Missing mandatory Content-Length header",
            "Missing mandatory Content-Length headers",
        ),
        "method": Error(405, "POL4050", "Method not allowed", "Method not allowed"),
        "internal": Error(
            500,
            "POL5000",
            "Internal Server Error. Please try again later",
            "Internal server error",
        ),
    }
)


class FaultError(Exception):
    """A request is refused by one row of the table.

    Attributes:
        name: Of the row.
        variables: What %1 and %2 stand for; names of parameters and words of ours,
            never what the request held.
        form: The form the request has; "" where it does not show.
    """

    def __init__(self, name: str, *variables: str, form: Form | None = None) -> None:
        super().__init__(name)
        self.name = name
        self.variables = variables
        self.form = form
