"""Policies, and the kernel that places tasks."""
