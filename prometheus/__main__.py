"""`python -m prometheus` writes the generated rules and runbook table; run it in the repository's root."""

from pathlib import Path

from prometheus.files import generated

if __name__ == "__main__":
    root = Path.cwd()
    for path, text in generated(root).items():
        (root / path).write_text(text)
        print(path)
