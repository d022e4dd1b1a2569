"""The shared kernel: what both programs use, and nothing that only one of them needs."""
