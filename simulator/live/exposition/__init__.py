"""Every metric family of the simulator by subject, each row beside its reader."""
