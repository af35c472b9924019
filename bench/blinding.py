"""Time blinding: tokens alone, and `tally blind calls` as a user runs it.

    python bench/blinding.py --halves 2000000

Tokens alone are match keys of one side turned into tokens, in memory, on all cores; as
reference the same texts through SHA-256 without a key, which is half of the work that
HMAC-SHA-256 does at least. The command reads records, normalises their numbers and
writes the first file, from Parquet and from CSV. Machines differ: quote the ratios.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import polars_hash as plh

from crossings import make_sides
from tallystick.blinding.columns import token_columns
from tallystick.blinding.schedule import TokenKey
from timing import machine, shortest_s

TALLY = (sys.executable, "-m", "tallystick")


def tokens_alone(halves: int) -> dict[str, object]:
    """Blind so many match keys in memory."""
    rng = np.random.default_rng(1)
    keys = pl.DataFrame(
        {
            "calling": rng.integers(375_250_000_000, 375_449_999_999, halves),
            "called": rng.integers(79_000_000_000, 79_999_999_999, halves),
        }
    )
    key = TokenKey(
        domain="calls", epoch="bench", round_number=1, purpose="pair", text="5a" * 32
    )
    parts = ("calling", "called")
    ours = shortest_s(
        lambda: token_columns(keys, parts=parts, key=key, name="key"), rounds=3
    )
    text = pl.concat_str(pl.lit("calls:pair"), *parts, separator=":")
    plain = plh.CryptographicHashingNameSpace(text).sha2_256()
    bare = shortest_s(
        lambda: keys.lazy().select(plain).collect(engine="streaming"), rounds=3
    )
    return {
        "what": "tokens alone",
        "halves": halves,
        "seconds": round(ours, 2),
        "halves_per_s": round(halves / ours),
        "sha256_per_s": round(halves / bare),
        "ratio": round(ours / bare, 2),
    }


def keys_of_two(work: Path) -> list[str]:
    """Make two parties' keys and their agreement; return the options that name them."""
    for party in ("BY", "RU"):
        own, public = work / f"{party}.key", work / f"{party}.pub"
        if not own.exists():
            _tally("keys", "new", "--party", party, "--out", str(own))
            public.write_text(_tally("keys", "public", str(own)))
    channel = work / "channel.toml"
    if not channel.exists():
        options = ("--own", str(work / "BY.key"), "--peer", str(work / "RU.pub"))
        _tally("keys", "agree", *options, "--out", str(channel))
    return ["--own", str(work / "BY.key"), "--channel", str(channel)]


def _tally(*options: str) -> str:
    done = subprocess.run(
        (*TALLY, *options), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"tally {' '.join(options)} failed:\n{done.stderr}")
    return done.stdout


def command(halves: int, work: Path) -> list[dict[str, object]]:
    """Blind a side's file from end to end, in a process of its own."""
    parquet, _ = make_sides(work, halves, memory="8GB", threads=os.cpu_count() or 1)
    csv = parquet.with_suffix(".csv")
    pl.scan_parquet(parquet).sink_csv(csv)
    options = keys_of_two(work)
    rows = []
    for path in (parquet, csv):
        out = work / "blinded.tally"

        def blind(path: Path = path, out: Path = out) -> None:
            out.unlink(missing_ok=True)
            countries = ("--departure-country", "BY", "--arrival-country", "RU")
            _tally(
                *("blind", "calls", str(path), "--side", "departures", *options),
                *("--epoch", "bench", *countries, "--out", str(out)),
            )

        taken = shortest_s(blind, rounds=2)
        rows.append(
            {
                "what": f"tally blind calls, {path.suffix[1:]}",
                "halves": halves,
                "seconds": round(taken, 2),
                "halves_per_s": round(halves / taken),
            }
        )
    return rows


def main() -> None:
    """Print one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--halves", type=lambda text: int(float(text)), default=2e6)
    parser.add_argument("--work", type=Path, default=Path("build/bench"))
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    print(machine())
    halves = int(given.halves)
    for row in (tokens_alone(halves), *command(halves, given.work)):
        print(json.dumps(row))


if __name__ == "__main__":
    main()
