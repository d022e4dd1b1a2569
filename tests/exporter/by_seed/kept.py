"""Seeds that found something, kept for ever: number, hours, seconds between samples, and what was found."""

KEPT = (
    (19, 1.0, 5.0, "a state folder deleted twice let counters fall to what they were at the first time"),
    (45, 1.0, 5.0, "a turn of an energy counter was lost over a sample that was half an hour late"),
    (0, 1.0, 5.0, "a journal that could not be read was locked against the next try of the same process"),
    (7, 24.0, 60.0, "the law took a fall of CPU times over a start at which they could not be read for a reset"),
    (11, 24.0, 60.0, "the law did not know that a card which repeats itself at a start tells later of before it"),
    (1, 6.0, 5.0, "what sensors told of while CPU times failed was booked again after a stop"),
    (90, 6.0, 5.0, "a reset of a network counter between two readings of one moment was not counted"),
    (251, 6.0, 5.0, "the count of a provider's discarded answers was gone while a sample was stale"),
    (273, 6.0, 5.0, "the law knew of two counters that leap at once, where three cards had half a number read of each"),
    (616, 6.0, 5.0, "the law forgot what a life had counted that stopped after its first reading"),
    (922, 6.0, 5.0, "the law took CPU times for new that a slow reading had told of already before a pause"),
    (345, 6.0, 5.0, "the law took a turn that may be hidden for no reason to tell of a part by the mean load"),
    (
        178,
        6.0,
        5.0,
        "the law did not know when a turn of an energy counter may be missing, and let only chance excuse it",
    ),
)
"""Each line is run with every change. `plan.py` may not change what these seeds draw without finding the same again."""
