"""Bytes that processes receive and send by sockets, by the best means there is."""
