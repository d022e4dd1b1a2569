"""The child process of `beside`: `python -m simulator.run.compile_step` compiles the step of a run, and keeps the code.

It reads the types of a call, a line of JSON, from its input, and writes a line once it is done. It ends when its input
does, so that none outlives the run.
"""

import logging
import sys

import msgspec

from simulator.run.beside import Named, compile_step, example
from simulator.run.child import end_with


def main() -> int:
    """Answer the request on standard input."""
    call = msgspec.json.decode(sys.stdin.buffer.readline(), type=Named)
    end_with(sys.stdin.fileno())
    logging.disable()  # what there is to say the run says itself
    compile_step(example(call))
    sys.stdout.write("compiled\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
