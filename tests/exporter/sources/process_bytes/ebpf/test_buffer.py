"""Memory for the kernel: it holds what it was given, and leaves no garbage with each sample."""

import gc

from hypothesis import given
from hypothesis import strategies as st

from exporter.sources.process_bytes.ebpf.syscalls import Buffer


@given(st.binary(min_size=1))
def test_it_holds_what_it_was_given(content: bytes) -> None:
    memory = Buffer(content)
    assert (memory.content(), memory.size) == (content, len(content))


def test_one_that_is_filled_by_the_kernel_begins_with_zeros() -> None:
    assert Buffer(70_000).content() == bytes(70_000)


def test_none_leaves_anything_to_collect() -> None:
    Buffer(70_000)
    gc.collect()
    Buffer(70_000)
    assert gc.collect() == 0
