"""Why calls end: other systems' words and codes as ITU-T Q.850 causes.

Source: RFC 3398 section 8.2.6.1 (SIP status to cause); names of causes as
FreeSWITCH writes them follow Q.850, those without a cause there are left out.
"""

from typing import Final

NORMAL_CLEARING: Final = 16

# 487 has no cause in the RFC: it answers a CANCEL, which clears normally.
_BY_STATUS: Final = {
    400: 41,
    401: 21,
    402: 21,
    403: 21,
    404: 1,
    405: 63,
    406: 79,
    407: 21,
    408: 102,
    410: 22,
    413: 127,
    414: 127,
    415: 79,
    416: 127,
    420: 127,
    421: 127,
    423: 127,
    480: 18,
    481: 41,
    482: 25,
    483: 25,
    484: 28,
    485: 1,
    486: 17,
    487: NORMAL_CLEARING,
    500: 41,
    501: 79,
    502: 38,
    503: 41,
    504: 102,
    505: 127,
    513: 127,
    600: 17,
    603: 21,
    604: 1,
}


def cause_of_status(status: int) -> int | None:
    """Return the Q.850 cause of a final SIP response, or None where there is none."""
    if 200 <= status < 300:
        return NORMAL_CLEARING
    return _BY_STATUS.get(status)


# For a column of status codes; a status without a cause says nothing.
SIP_STATUS_CAUSES: Final = {
    str(status): str(cause_of_status(status) or "") for status in range(200, 700)
}

HANGUP_CAUSES: Final = {
    "UNALLOCATED_NUMBER": "1",
    "UNALLOCATED": "1",
    "NO_ROUTE_TRANSIT_NET": "2",
    "NO_ROUTE_DESTINATION": "3",
    "CHANNEL_UNACCEPTABLE": "6",
    "CALL_AWARDED_DELIVERED": "7",
    "NORMAL_CLEARING": "16",
    "USER_BUSY": "17",
    "NO_USER_RESPONSE": "18",
    "NO_ANSWER": "19",
    "SUBSCRIBER_ABSENT": "20",
    "CALL_REJECTED": "21",
    "NUMBER_CHANGED": "22",
    "REDIRECTION_TO_NEW_DESTINATION": "23",
    "EXCHANGE_ROUTING_ERROR": "25",
    "DESTINATION_OUT_OF_ORDER": "27",
    "INVALID_NUMBER_FORMAT": "28",
    "FACILITY_REJECTED": "29",
    "RESPONSE_TO_STATUS_ENQUIRY": "30",
    "NORMAL_UNSPECIFIED": "31",
    "NORMAL_CIRCUIT_CONGESTION": "34",
    "NETWORK_OUT_OF_ORDER": "38",
    "NORMAL_TEMPORARY_FAILURE": "41",
    "SWITCH_CONGESTION": "42",
    "ACCESS_INFO_DISCARDED": "43",
    "REQUESTED_CHAN_UNAVAIL": "44",
    "PRE_EMPTED": "45",
    "FACILITY_NOT_SUBSCRIBED": "50",
    "OUTGOING_CALL_BARRED": "52",
    "INCOMING_CALL_BARRED": "54",
    "BEARERCAPABILITY_NOTAUTH": "57",
    "BEARERCAPABILITY_NOTAVAIL": "58",
    "SERVICE_UNAVAILABLE": "63",
    "BEARERCAPABILITY_NOTIMPL": "65",
    "CHAN_NOT_IMPLEMENTED": "66",
    "FACILITY_NOT_IMPLEMENTED": "69",
    "SERVICE_NOT_IMPLEMENTED": "79",
    "INVALID_CALL_REFERENCE": "81",
    "INCOMPATIBLE_DESTINATION": "88",
    "INVALID_MSG_UNSPECIFIED": "95",
    "MANDATORY_IE_MISSING": "96",
    "MESSAGE_TYPE_NONEXIST": "97",
    "WRONG_MESSAGE": "98",
    "IE_NONEXIST": "99",
    "INVALID_IE_CONTENTS": "100",
    "WRONG_CALL_STATE": "101",
    "RECOVERY_ON_TIMER_EXPIRE": "102",
    "MANDATORY_IE_LENGTH_ERROR": "103",
    "PROTOCOL_ERROR": "111",
    "INTERWORKING": "127",
    # Not of Q.850: the caller hung up before an answer, which clears normally.
    "ORIGINATOR_CANCEL": "16",
}

# Asterisk's disposition is coarser than a cause. FAILED says nothing of why.
DISPOSITIONS: Final = {
    "ANSWERED": "16",
    "NO ANSWER": "19",
    "BUSY": "17",
    "CONGESTION": "34",
    "FAILED": "",
}
