"""Pair without showing records: what each side does at home, round by round.

1. `blind_first`: all own halves as tokens of both numbers.
2. `blind_second`: pair what both first files hold; for the halves that stay open,
   tokens of each number by itself, and what is needed to judge them.
3. `pair_blinded`: the same pairing as of clear records, on own records and the
   peer's two files.

Source: spec/tokens.md, "The two rounds".
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import polars as pl

from tallystick.blinding import (
    BlindedHeader,
    Channel,
    Expected,
    PrivateKey,
    TokenKey,
    agree,
    read_header,
    token_columns,
    token_key,
    write_blinded,
)
from tallystick.blinding import Gap as DeclaredGap
from tallystick.domains.calls import SPEC
from tallystick.domains.calls.numbers import Learned, Numbering
from tallystick.domains.calls.records import Mapping
from tallystick.engines.batch import PairJob, Progress, Run, carry_out
from tallystick.engines.blinded import (
    DOMAIN,
    EARLIEST_MS,
    FIRST,
    LATEST_MS,
    Content,
    Names,
    Second,
    blind_open,
    first_rows,
    halves_from_rows,
    parts_of,
    read_first,
    read_second,
    second_columns,
    second_rows,
)
from tallystick.engines.duck import DuckEngine
from tallystick.engines.ingest import SideFiles, ingest, learn_numbers, side_input
from tallystick.engines.workspace import SideWriter, Workspace, buckets_for
from tallystick.model import (
    ConfigError,
    MalformedError,
    RefusedError,
    VerificationError,
)
from tallystick.pairing.exact import load_side_step
from tallystick.pairing.knowledge import Knowledge, spoken_for
from tallystick.pairing.plan import (
    SideInput,
    State,
    learn,
    learn_completeness,
    pair_all,
)
from tallystick.pairing.spec import Gap, Options
