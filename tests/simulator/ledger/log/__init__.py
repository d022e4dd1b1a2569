"""Tests of the public log, checked by programs that are not ours."""
