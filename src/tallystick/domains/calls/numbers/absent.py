"""Words that stand where no number is given.

Compared in lower case, without spaces, hyphens, dots, slashes and underscores: what
switches, handsets, databases and spreadsheets write for a number that is withheld,
unknown or missing.

Source: spec/numbers.md, "What is absent"; RFC 3323, RFC 7044.
"""

from typing import Final

ABSENT_WORDS: Final = frozenset(
    {
        "anon",
        "anonym",
        "anonymous",
        "anonymousinvalid",
        "assertednone",
        "blocked",
        "callerunknown",
        "coinline",
        "hidden",
        "invalid",
        "na",
        "nan",
        "nil",
        "nocallerid",
        "none",
        "nonumber",
        "notavailable",
        "notprovided",
        "null",
        "outofarea",
        "payphone",
        "private",
        "privatenumber",
        "restricted",
        "suppressed",
        "unavail",
        "unavailable",
        "undefined",
        "unknown",
        "unknownnumber",
        "unlisted",
        "withheld",
        "аноним",
        "анонимно",
        "анонимный",
        "неизвестно",
        "неизвестный",
        "неизвестныйномер",
        "скрыт",
        "скрыто",
        "скрытый",
        "скрытыйномер",
        "номерскрыт",
        "недоступен",
        "ананім",
        "ананімна",
        "ананімны",
        "невядома",
        "невядомы",
        "схавана",
        "схаваны",
        "схаваныномер",
        "\\n",
    }
)
