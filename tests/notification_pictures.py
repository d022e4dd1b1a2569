"""`python -m tests.notification_pictures` makes the pictures of notifications in docs/images.

A real Alertmanager sends them by the shipped templates; the alerts are those that promtool's cases expect. Mails are
drawn as they came, at the width of a phone and of a screen. Chat is drawn in a plain frame, since programs for
chat differ in that.
"""

import html
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.exporter.test_page import browse
from tests.prometheus.notifications import body, proven, sending, told

IMAGES = Path(__file__).parent.parent / "docs/images"
PHONE, SCREEN = 390, 700

FRAME = """<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><style>
body {{ margin: 16px; display: flex; gap: 16px; align-items: flex-start; background: #8c959f; }}
iframe {{ border: 0; border-radius: 8px; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #3d444d; }} }}
</style>{frames}"""

CHAT = """<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><style>
body {{ margin: 0; padding: 16px 12px; font: 15px/1.45 sans-serif; background: #fff; color: #1d1c1d; }}
.sender {{ font-weight: 700; margin: 0 0 6px; }}
.post {{ border-left: 4px solid; border-radius: 4px; padding: 2px 0 2px 12px; margin: 0 0 20px; }}
.post {{ white-space: pre-line; }}
a {{ color: #1264a3; }} .post > b > a {{ text-decoration: none; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #1a1d21; color: #d1d2d3; }} a {{ color: #79b8ff; }} }}
</style>{posts}"""


def main() -> None:
    """Write the pictures, light and dark."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        with sending(folder) as (alertmanager, sent):
            used = proven("EcotrackBudgetExhausted", "costs")
            warnings = [proven("EcotrackBudgetMostlyUsed"), proven("EcotrackBudgetOverrunProjected", "early")]
            # A used-up budget would mute them.
            second = told(alertmanager, sent, warnings)
            first = told(alertmanager, sent, [used])
            last = told(alertmanager, sent, [used], over=True)
        mails = [body(sent.mails[number], "html") for number in (first, second, last)]
        posts = CHAT.format(posts="".join(post(sent.chats[number]) for number in (first, second, last)))
        take(folder, "notification-mail", [(mails[0], PHONE, 500), (mails[0], SCREEN, 500)])
        take(folder, "notification-phone", [(mails[1], PHONE, 980), (posts, PHONE, 980)])


def post(told: dict[str, Any]) -> str:
    """Draw a chat message as HTML: title, bar of its colour, links and bold text in Slack's markup."""
    (one,) = told["attachments"]
    text = html.escape(one["text"].strip())
    text = re.sub(r"&lt;(.+?)\|(.+?)&gt;", r'<a href="\1">\2</a>', text)
    text = re.sub(r"(?m)^\*(.+)\*$", r"<b>\1</b>", text)
    title = f'<b><a href="{html.escape(one["title_link"])}">{html.escape(one["title"])}</a></b>'
    bar = f'<div class="post" style="border-color: {one["color"]}">'
    return f'<p class="sender">{told["username"]}</p>{bar}{title}\n{text}</div>'


def take(folder: Path, name: str, pages: list[tuple[str, int, int]]) -> None:
    """Take two pictures of pages side by side, each in a frame of a width: a window cannot be as narrow as a phone."""
    frames = []
    for number, (page, width, height) in enumerate(pages):
        (folder / f"{number}.html").write_text(page, encoding="utf-8")
        frames.append(f'<iframe src="{number}.html" style="width: {width}px; height: {height}px"></iframe>')
    (folder / "frame.html").write_text(FRAME.format(frames="".join(frames)), encoding="utf-8")
    size = f"--window-size={16 + sum(16 + width for _, width, _ in pages)},{32 + max(height for *_, height in pages)}"
    for scheme, flags in {"light": (), "dark": ("--force-dark-mode",)}.items():
        picture = f"--screenshot={IMAGES / f'{name}-{scheme}.png'}"
        browse(folder, f"{(folder / 'frame.html').as_uri()}?", size, "--hide-scrollbars", picture, *flags)


if __name__ == "__main__":
    main()
