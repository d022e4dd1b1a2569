"""The server of both programs: connections, sites, TLS and authentication."""
