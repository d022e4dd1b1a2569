"""Promises of the pages of this repository, tried: links, commands and configurations."""
