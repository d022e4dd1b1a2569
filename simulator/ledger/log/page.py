"""The page of a published log: what the folder is, and how to check it without a word of ours."""

from html import escape
from shlex import quote

from simulator.ledger.file.reading import Reader
from simulator.ledger.file.shown import SIMULATED, chain_name, is_simulated
from simulator.ledger.log.checkpoint import Checkpoint
from simulator.ledger.log.tiles import block_name
from simulator.ledger.record.codec import digest

EXAMPLES = "https://github.com/ecotrack/ecotrack/blob/main/docs/examples"
"""Address of the programs that check a log."""

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Public log {origin}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
body {{ overflow-wrap: anywhere; }}
h1, h2 {{ line-height: 1.25; }}
dt {{ font-weight: 600; margin-top: .75rem; }}
dd {{ margin: 0; }}
code, pre {{ font: .875rem/1.5 ui-monospace, monospace; }}
pre {{ white-space: pre-wrap; padding: .75rem 1rem; border: 1px solid #8888; border-radius: .5rem; }}
</style>
</head>
<body>
<h1>Public log of a ledger</h1>
<p>This folder holds every final block of a ledger: claims of devices, certificates of generation and
credits, as validators signed them. It is a transparency log: what was published once is never changed or taken away,
and whoever keeps a checkpoint can see that.</p>{note}
<dl>
<dt>Name of the log (origin)</dt><dd><code>{origin}</code></dd>
<dt>Name of the ledger</dt><dd>{chain}</dd>
<dt>Blocks</dt><dd>{size}</dd>
<dt>Root of the tree of their roots</dt><dd><code>{root}</code></dd>
<dt>Chain: digest of the genesis</dt><dd><code>{chain_id}</code></dd>
<dt>Key that verifies its signature</dt><dd><code>{verifier}</code></dd>
</dl>
<p>Do not take the key from here alone: whoever forges the folder writes this page too. Compare it with what the
operator says elsewhere.</p>
<h2>What is here</h2>
<dl>
<dt><a href="checkpoint"><code>checkpoint</code></a></dt><dd>number of blocks and root, signed</dd>
<dt><code>tile/</code></dt>
<dd>the Merkle tree, and in <code>tile/entries/</code> its entries, the roots of the blocks</dd>
<dt><a href="genesis"><code>genesis</code></a></dt><dd>figures of the chain and the keys of its validators</dd>
<dt><code>block/</code></dt><dd>every block, under its root{first}</dd>
</dl>
<h2>Check it</h2>
<p>Checkpoint and tiles are those of <a href="https://c2sp.org/tlog-tiles">c2sp.org/tlog-tiles</a>, so programs of
others read them. With a copy of this folder as <code>log</code>, or with its address in place of that:</p>
<pre>pip install tlog-scales pynacl
# the root of block 1, once its place in the tree is checked
tlog-tiles get-leaf --check ./log 0 | od -An -v -tx1
# everything
python check_log.py log {argument}</pre>
<p><a href="{examples}/check_log.py"><code>check_log.py</code></a> is a short program that needs <a
href="{examples}/audit_ledger.py"><code>audit_ledger.py</code></a> beside it, and nothing of the program that wrote this
page: it checks the signature, every tile, and every block against its root.</p>
</body>
</html>
"""


def page(reader: Reader, checkpoint: Checkpoint, verifier: str) -> str:
    """Return the page of a log."""
    values = {
        "origin": checkpoint.origin,
        "chain": chain_name(reader.genesis),
        "size": f"{checkpoint.size}",
        "root": checkpoint.root.hex(),
        "chain_id": reader.genesis_root.hex(),
        "verifier": verifier,
        "argument": quote(verifier),
        "examples": EXAMPLES,
    }
    block = reader.block(1) if checkpoint.size else None
    first = block_name(digest(block.signed_header.header)) if block else ""
    link = f'; <a href="{first}">that of the first one</a>' if first else ""
    note = (
        f"\n<p><strong>A simulated cluster:</strong> {escape(SIMULATED)}.</p>" if is_simulated(reader.genesis) else ""
    )
    return _PAGE.format(first=link, note=note, **{name: escape(value) for name, value in values.items()})
