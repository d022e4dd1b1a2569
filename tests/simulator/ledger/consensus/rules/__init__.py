"""Rules of the consensus, each with messages that break it."""
