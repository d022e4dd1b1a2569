"""Check a published log of ecochain without ecochain: `python check_log.py FOLDER KEY`, or a URL in place of FOLDER. It
needs tlog-scales, PyNaCl and, beside it, audit_ledger.py.

KEY is the text that `ecochain ledger key` printed, from whoever publishes. It checks the checkpoint, every tile, every
block and the genesis; `python check_log.py PROOF KEY BLOCK` needs only a proof and its block."""

import sys
from base64 import b64decode, b64encode
from pathlib import Path
from tempfile import TemporaryDirectory

from audit_ledger import FAULTS, Array, digest, merkle, need, printable, read
from cryptography.exceptions import InvalidSignature
from nacl.bindings import crypto_sign_open
from tlog_scales.backend import HttpBackend, LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tiles import leaf_hash, level_entries, level_tiles, tile_path
from tlog_scales.tlog import Checkpoint, InclusionProof, InclusionProofInvalid

WRONG = (*FAULTS, InvalidSignature, RuntimeError, AssertionError, InclusionProofInvalid)
PROOF = "c2sp.org/tlog-proof@v1"


def checkpoint_in(text, key):
    """Return the checkpoint in a note, once its signature is seen to be one of the key."""
    checkpoint = Checkpoint.from_text(text)
    need(
        checkpoint.serialize() == text and checkpoint.origin == key.name,
        "the checkpoint is not written as it should be",
    )
    checkpoint.verify(key)
    return checkpoint


def in_rows(name, rows, folder, seen):
    """Check the tile of these rows, and the narrower ones that are there; wider ones are of no checkpoint yet."""
    path = folder.joinpath(*name)
    partial = path.with_name(path.name + ".p")
    files = {path: 256} if len(rows) == 256 else {}
    named = [file for file in (partial.iterdir() if partial.is_dir() else []) if file.name.isdecimal()]
    files |= {file: int(file.name) for file in named if 0 < int(file.name) <= len(rows)}
    need(len(rows) in files.values(), f"{path} is missing")
    for file, width in files.items():
        need(file.read_bytes() == b"".join(rows[:width]), f"{file} is not what it should be")
        seen.add(file)


def block_in(data, what):
    """Return header and signature of a block, once every byte of it is seen to be one that its header is about."""
    (signed_header, body), end = read(data)
    header, signature = signed_header
    # Votes, evidence and messages begin with a record, a number and bytes: what stands in another part is none of it.
    parts = zip(body, (Array, int, bytes), strict=False)
    leaves = [one.raw for part, first in parts for one in part if type(one[0]) is first]
    is_whole = len(body) == 3 and end == len(data)
    need(is_whole and merkle(leaves)[1] == header[7], f"{what}: has another body")
    return header, signature


def check_blocks(folder, roots, seen):
    """Check that each block has the root that the log has for it, and that its proposer signed it."""
    genesis = (folder / "genesis").read_bytes()
    chain = parent = digest(genesis)
    keys = [validator[0] for validator in read(genesis)[0][1]]
    for number, root in enumerate(roots, 1):
        path = folder / "block" / root.hex()[:2] / root.hex()
        header, signature = block_in(path.read_bytes(), path)
        need(digest(header.raw) == root, f"{path}: is another block")
        need((header[3], header[4]) == (number, parent), f"{path}: does not follow the block before it")
        crypto_sign_open(signature + digest(b"ecochain/3/BlockHeader\0", chain, header.raw), keys[header[2]])
        parent = root
        seen.add(path)
    return chain


def fetch(url, key, folder):
    """Copy what the checkpoint of a log at a URL is about into a folder."""
    backend = HttpBackend(url)

    def keep(*name):
        content, path = backend.get(*name), folder.joinpath(*name)
        need(content is not None, f"{'/'.join(name)} is not there")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return content

    size = checkpoint_in(keep("checkpoint").decode(), key).size
    for level in range(-1, 8):
        full, width = level_tiles(size, level)
        names = [tile_path(level, index) for index in range(full)] + [tile_path(level, full, width)] * bool(width)
        for name in names:
            keep(*name)
    reader = TilesReader(LocalBackend(folder))
    reader.set_size(size)
    keep("genesis")
    for root in (reader.get_entry(place).hex() for place in range(size)):
        keep("block", root[:2], root)


def check(folder, key):
    """Return in words what a good folder holds. Raises one of WRONG for any other."""
    for path in folder.rglob("*"):
        need(not path.is_symlink() and (path.is_file() or path.is_dir()), f"{path}: expected a file, got something else")
    checkpoint = checkpoint_in((folder / "checkpoint").read_bytes().decode(), key)
    reader = TilesReader(LocalBackend(folder))
    reader.set_size(size := checkpoint.size)
    need(reader.calculate_root_hash() == checkpoint.root_hash, "the tiles have another root than the checkpoint")
    roots = [reader.get_entry(place) for place in range(size)]
    heights, root = merkle(roots)
    need(root == checkpoint.root_hash, "the entries have another root than the checkpoint")
    # Tiles hold every eighth row of the tree; the foreign reader needs not all of them for a root.
    bundles = [len(root).to_bytes(2, "big") + root for root in roots]
    levels = {-1: bundles, **{height // 8: heights[height] for height in range(0, len(heights), 8)}}
    seen = {folder / name for name in ("checkpoint", "genesis")}
    for level, row in levels.items():
        need(len(row) == level_entries(size, level), "a level of the tree has another width")
        for start in range(0, len(row), 256):
            in_rows(tile_path(level, start // 256), row[start : start + 256], folder, seen)
    chain = check_blocks(folder, roots, seen)
    others = {path for path in folder.rglob("*") if not path.is_dir()} - seen - {folder / "index.html"}
    more = f"; nothing names {len(others)} more files" if others else ""
    return f"{size} blocks of the chain {chain.hex()}; head {size}:{checkpoint.root_hash.hex()}{more}"


def check_proof(proof, block, key):
    """Return in words what a good proof (c2sp.org/tlog-proof) says of a block. Raises one of WRONG for any other."""
    for path in (proof, block):
        need(path.is_file() or not path.exists(), f"{path}: expected a file, got something else")
    told, _, note = proof.read_bytes().decode().partition("\n\n")
    first, *lines = told.split("\n")
    # Anything may stand in a line of its own for whoever put it there.
    extra, index, *hashes = lines if lines[0].startswith("extra ") else ["", *lines]
    place, path = int(index.removeprefix("index ")), [b64decode(one, validate=True) for one in hashes]
    lines = [PROOF, extra, f"index {place}", *(b64encode(one).decode() for one in path)]
    need(lines == [first, extra, index, *hashes], "it is no proof that this program reads")
    checkpoint = checkpoint_in(note, key)
    header, _ = block_in(block.read_bytes(), block)
    need(header[3] == place + 1, f"{block}: is block {header[3]}, and the proof is about block {place + 1}")
    InclusionProof(place, checkpoint.size, path).check(leaf_hash(digest(header.raw)), checkpoint.root_hash)
    return f"block {place + 1} is in the log with the head {checkpoint.size}:{checkpoint.root_hash.hex()}"


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: python check_log.py FOLDER-OR-URL KEY, or check_log.py PROOF KEY BLOCK")
    what, key, *block = sys.argv[1:]
    try:
        key = Vkey.from_string(key)
    except FAULTS:
        sys.exit("KEY: expected the text that `ecochain ledger key` printed, NAME+HASH+KEY")
    try:
        if block:
            good = check_proof(Path(what), Path(*block), key)
        elif what.startswith(("http://", "https://")):
            with TemporaryDirectory() as folder:
                fetch(what, key, Path(folder))
                good = check(Path(folder), key)
        else:
            good = check(Path(what), key)
        print(f"{what}: good: {good}")
    except WRONG as error:
        sys.exit(printable(f"{what}: {str(error) or type(error).__name__}"))
