"""Seeds that found something, kept for ever: number, slots, and what was found."""

KEPT = (
    (2, 288, "a log was called damaged after a power cut that had left gaps in its last block"),
    (2, 288, "those who had voted on a chain were left bound to it: the fork choice knew of their votes too late"),
    (39, 288, "the block that binds a voter was at one who never proposes, and nobody asked for it"),
    (513, 288, "a file said to be final what only the votes of a branch that it had left make final, and was refused"),
)
"""Each line is run with every change. `plan.py` may not change what these seeds draw without finding the same again."""
