"""Two parties in processes and folders of their own, as the how-to page tells them."""

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess  # ruff: ignore[suspicious-subprocess-import]
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tallystick.blinding import read_header, read_private_key
from tallystick.engines.batch import PairJob, pair_calls
from tallystick.proof import signing_key
from tallystick.store.log import open_log

from .desks import simulated

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "pair-without-showing-records.md"
LINE = re.compile(r"^(by|ru)\$ tally (.+)$", re.MULTILINE)
OTHER = {"by": "ru", "ru": "by"}
KEYS = (
    ("by", "keys new --party BY --out by.key"),
    ("ru", "keys new --party RU --out ru.key"),
    ("by", "keys agree --own by.key --peer ru.pub --out channel.toml"),
    ("ru", "keys agree --own ru.key --peer by.pub --out channel.toml"),
)


def tally(words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "tallystick", *shlex.split(words)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "COLUMNS": "200"},
    )


def send(folder: Path, *names: str) -> None:
    """Bring files from one desk to the other."""
    for name in names:
        shutil.copy(folder / name, folder.parent / OTHER[folder.name] / name)


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder with the desks `by` and `ru`, which have exchanged keys."""
    folder = tmp_path_factory.mktemp("desks")
    day = simulated(folder / "world", calls=3_000).day
    for party, records in (
        ("by", ("departures",)),
        ("ru", ("arrivals", "domestic")),
    ):
        (folder / party).mkdir()
        for name in records:
            shutil.copy(day / f"{name}.csv", folder / party)
    for party, words in KEYS:
        done = tally(words, folder / party)
        assert done.returncode == 0, done.stderr
        if "new" in words:
            (folder / party / f"{party}.pub").write_text(done.stdout)
            send(folder / party, f"{party}.pub")
    done = tally("proof log init log --own by.key", folder / "by")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def said(desks: Path) -> list[tuple[str, str]]:
    """Carry out the page, line by line, and send each file that a line makes."""
    out = []
    for party, words in LINE.findall(PAGE.read_text(encoding="utf-8")):
        folder = desks / party
        done = tally(f"{words} --log log" if party == "by" else words, folder)
        wanted = {0, 1} if words.startswith("pair") else {0}
        assert done.returncode in wanted, done.stderr
        out.append((words, done.stdout))
        made = re.search(r"--out (\S+\.tally)", words)
        if made:
            send(folder, made[1])
    return out


def test_the_page_covers_both_sides(said: list[tuple[str, str]]) -> None:
    """Each side writes two files and pairs once, and is told what it wrote."""
    commands = [" ".join(words.split()[:2]) for words, _ in said]
    assert sorted(commands) == ["blind calls"] * 4 + ["pair blinded"] * 2
    for words, out in said[:4]:
        assert f"{words.split()[-1]}: " in out
        assert "epoch 2026-03-10" in out
    assert "without a partner" in said[2][1]
    assert "domestic calls to numbers asked about" in said[3][1]


@pytest.mark.usefixtures("said")
def test_neither_has_the_others_records(desks: Path) -> None:
    """No records crossed the table: only public keys and the files of the rounds."""
    everything = {path.name for path in desks.glob("*/*") if path.is_file()}
    crossed = {"by.pub", "ru.pub", "channel.toml"}
    crossed |= {f"{party}-{number}.tally" for party in OTHER for number in (1, 2)}
    own = {"by.key", "ru.key", "departures.csv", "arrivals.csv", "domestic.csv"}
    assert everything == crossed | own
    for name in own:
        assert len(list(desks.glob(f"??/{name}"))) == 1


@pytest.mark.usefixtures("said")
def test_both_learn_what_clear_records_say(desks: Path) -> None:
    """Both summaries count the pairs and findings that clear records give."""
    clear = pair_calls(
        PairJob(
            departures=(desks / "by" / "departures.csv",),
            arrivals=(desks / "ru" / "arrivals.csv",),
            domestic=(desks / "ru" / "domestic.csv",),
            departure_country="BY",
            arrival_country="RU",
            out=desks / "clear",
            memory_mb=1500,
        )
    )
    for party in OTHER:
        folder = desks / party / "result"
        told = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        assert told["pairs"] == clear["pairs"]
        assert told["findings"] == clear["findings"]
        assert (folder / "report.html").stat().st_size > 10_000


@pytest.mark.usefixtures("said")
def test_the_report_names_handles_and_hides_numbers(desks: Path) -> None:
    """The report and `tally explain` work on a blinded result."""
    page = (desks / "by" / "result" / "report.html").read_text(encoding="utf-8")
    assert re.search(r"RU:\d{10}", page)
    done = tally("explain result F0000001", desks / "by")
    assert done.returncode == 0, done.stderr
    assert re.search(r"RU:(domestic:)?\d{10}", done.stdout)


@pytest.mark.usefixtures("said")
def test_what_was_exchanged_is_logged_by_its_digests(desks: Path) -> None:
    """Both files given, both taken, and how many crossings paired; nothing twice."""
    folder = desks / "by"
    for taken in (3, 0):
        done = tally("proof log take log --own by.key", folder)
        assert done.stdout == f"{taken} entries; the log has 3.\n"
    with open_log(
        folder / "log", signing_key(read_private_key(folder / "by.key"))
    ) as log:
        told = [json.loads(one.content) for one in log.openings(0, log.size)]
        assert {one.kind for one in log.openings(0, log.size)} == {"round"}
    files = {
        (one["by"], one["round"]): (one["sha256"], one["rows"])
        for entry in told
        for one in entry["files"]
    }
    assert files == {
        (party.upper(), number): (
            hashlib.sha256(
                (folder / f"{party}-{number}.tally").read_bytes()
            ).hexdigest(),
            read_header(folder / f"{party}-{number}.tally").rows,
        )
        for party in OTHER
        for number in (1, 2)
    }
    summary = json.loads((folder / "result/summary.json").read_text(encoding="utf-8"))
    pairs = {entry["pairs"] for entry in told}
    assert pairs == {None, summary["pairs"]["total"]}


@pytest.mark.usefixtures("said")
def test_a_mistake_is_a_sentence(desks: Path) -> None:
    """On the command line a mistake is one sentence and exit status 2."""
    done = tally(
        "pair blinded departures.csv --side departures --own by.key"
        " --channel channel.toml --epoch 2026-03-10 --peer by-1.tally"
        " --peer-2 ru-2.tally --out wrong",
        desks / "by",
    )
    assert done.returncode == 2
    assert done.stderr.startswith("tally: by-1.tally was made by BY itself.")
    assert "Traceback" not in done.stderr
