"""Bytes that programs receive and send by sockets, counted in the kernel by a program of eBPF."""
