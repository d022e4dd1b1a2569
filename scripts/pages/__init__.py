"""What the pages of this repository promise, and whether it holds: links, commands and configurations."""
