"""What do the pages of this repository promise, and does it hold? Their links, commands and configurations."""
