"""A validator on a disk: what it keeps there, and how it goes on from it after a crash.

No command starts one yet, since nothing connects validators of several machines. The days by seed in
`tests/simulator/ledger/by_seed/` run it, so that consensus, file and memory are tried as one.
"""
