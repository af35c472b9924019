"""Targets in what a stranger is shown: bundles, checkpoints, tiles, requests."""

from fuzzing.spoil import spoiler
from fuzzing.target import Target, require
from tallystick.model import TallystickError
from tallystick.proof import (
    Checkpoint,
    Edge,
    LogPart,
    Opening,
    Request,
    SigningKey,
    commit,
    consider,
    cosign,
    encode_entries,
    encode_request,
    leaf_hash,
    make_bundle,
    node_hash,
    opened,
    parse_entries,
    parse_request,
    parse_tile_path,
    read_checkpoint,
    sign_checkpoint,
    verify_bundle,
)

BY = SigningKey(party="BY", seed=b"b" * 32)
RU = SigningKey(party="RU", seed=b"r" * 32)
ORIGIN = "tallystick/log/BY/fuzz"
OPENINGS = [
    Opening(kind="case", salt=bytes(31) + bytes((at,)), content=f'{{"n":{at}}}')
    for at in range(3)
]
LEAVES = [leaf_hash(commit(one)) for one in OPENINGS]


def _checkpoint(size: int) -> Checkpoint:
    edge = Edge()
    for leaf in LEAVES[:size]:
        list(edge.add(leaf))
    return Checkpoint(origin=ORIGIN, size=size, root=edge.root())


def _note(size: int) -> bytes:
    checkpoint = _checkpoint(size)
    line = cosign(checkpoint.text, RU, at_s=1_790_000_000).line()
    return sign_checkpoint(checkpoint, BY) + line.encode()


WORDS = (
    *(b"\n\n", b"\n", "— BY ".encode(), "— RU ".encode(), ORIGIN.encode(), b"old "),
    *(
        b'"keys":',
        b'"logs":',
        b'"proof":',
        b'"salt":',
        b"[]",
        b"{}",
        b"null",
        b"A" * 44,
    ),
    *(b"\\u0000", b"\\ud800", b"=", b"==", b"+", b"/", b"tile/0/", b"x001/", b".p/"),
)
_spoil = spoiler(WORDS)


def bundle() -> Target:
    """Evidence bundles: whatever is accepted is the one that was made."""
    proof = (LEAVES[0], LEAVES[2])
    part = LogPart(_note(3).decode(), (opened(1, OPENINGS[1], proof),))
    good = make_bundle([BY.public(), RU.public()], [part])

    def take(data: bytes) -> None:
        verify_bundle(data)
        require(holds=data == good, law="nothing that was changed is accepted")

    return Target((good,), _spoil, take, (TallystickError,))


def checkpoint() -> Target:
    """Checkpoints: whatever is accepted says what was signed."""
    corpus = tuple(_note(size) for size in range(4))
    said = {one.partition(b"\n\n")[0] for one in corpus}

    def take(data: bytes) -> None:
        read = read_checkpoint(data, BY.public(), [RU.public()])
        text = read.checkpoint.text.encode().removesuffix(b"\n")
        require(holds=text in said, law="what is accepted was signed")
        require(holds=data.startswith(text), law="and stands there")

    return Target(corpus, _spoil, take, (TallystickError,))


def tile() -> Target:
    """Tiles of entries, and paths: what is read is written alike."""
    entries = [commit(one) for one in OPENINGS]
    corpus = (encode_entries(entries), b"tile/0/x001/x234/067", b"tile/entries/000.p/9")

    def take(data: bytes) -> None:
        if data.startswith(b"tile"):
            path = data.decode("latin-1")
            require(holds=parse_tile_path(path).path == path, law="one path for each")
            return
        found = parse_entries(data, 3)
        require(holds=encode_entries(found) == data, law="read as it was written")

    return Target(corpus, _spoil, take, (TallystickError,))


def witness() -> Target:
    """Requests to a witness: nothing but a log that grew is cosigned."""
    proof = (LEAVES[1], LEAVES[0], LEAVES[2])
    requests = (
        Request(old=0, proof=(), note=_note(3)),
        Request(old=2, proof=(LEAVES[2],), note=_note(3)),
        Request(old=1, proof=proof[:1] + proof[2:], note=_note(3)),
    )
    sizes = {0: None, 1: _checkpoint(1), 2: _checkpoint(2), 3: _checkpoint(3)}
    require(holds=node_hash(*LEAVES[:2]) == _checkpoint(2).root, law="a tree of two")
    logs = {ORIGIN: BY.public()}

    def take(data: bytes) -> None:
        request = parse_request(data)
        found = consider(request, logs, sizes.get(request.old))
        size = found.checkpoint.size
        require(holds=found.checkpoint == _checkpoint(size), law="a log that grew")
        require(holds=encode_request(request) == data, law="written in one way")

    corpus = tuple(encode_request(one) for one in requests)
    return Target(corpus, _spoil, take, (TallystickError,))
