"""What can be read on this machine: one file per thing, and nothing else imports psutil."""
