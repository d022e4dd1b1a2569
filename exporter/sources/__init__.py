"""The sources that this machine can be read from: one file per thing, and nothing else imports psutil."""
