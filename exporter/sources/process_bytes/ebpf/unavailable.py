"""The error of a kernel, or of privileges, with which bytes cannot be counted by eBPF."""


class EbpfUnavailableError(Exception):
    """The kernel lets nothing be counted; the message says why in one line."""
