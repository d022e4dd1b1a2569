"""Does every order of votes and blocks keep the promises of the consensus? All are tried, on the shipped functions.

A model checker walks through every state that two branches of a chain can reach with the votes of a few validators,
some of whom sign anything. What it steps through is not a copy of the rules: `rules.py` calls the functions of
`simulator/ledger/consensus/` themselves, and remembers what they answered. ADR 26 says what this covers.
"""
