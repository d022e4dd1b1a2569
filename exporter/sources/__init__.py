"""The sources that this machine can be read from: one file or room per thing, and nothing else imports psutil."""
