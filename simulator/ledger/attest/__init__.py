"""Attestation: the hours of a real device, as a Prometheus has stored them, become signed claims of consumption."""
