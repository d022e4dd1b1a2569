"""Faults that a browser and axe find on a page: the rules of WCAG 2.2 A and AA, and those that this project adds."""

import json
from pathlib import Path
from typing import Any

from tests.browser.chromium import Tab
from tests.npm import installed

PINS = Path(__file__).parent

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

UNSURE = "Element content is too short to determine if it is actual text content"
"""Words of axe about contrast where a cell has one sign; longer ones in the same colours are judged."""

FLAT = "document.querySelectorAll('.scroll :is(td, th)').forEach(one => one.style.position = 'static');"
"""Let columns that stay go with the others: axe does not judge contrast where one thing lies on another."""

WIDE = """(() => {
  const wide = document.documentElement.scrollWidth - innerWidth;
  return wide > 0 ? [`${wide} px to scroll sideways`] : [];
})()"""

STICKS_OUT = """[...document.querySelectorAll('body *')].filter(one => !one.closest('svg'))
  .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map(one => one.outerHTML.slice(0, 80) + ' is cut off')"""

CLOSE = """(() => {
  const words = document.createRange(), end = (one, side) => {
    words.selectNodeContents(one);
    return words.getBoundingClientRect()[side];
  };
  return [...document.querySelectorAll('.scroll table:not(.factors) .num + :not(.num)')]
    .filter(one => one.textContent && end(one, 'left') - end(one.previousElementSibling, 'right') < 12)
    .map(one => `${one.previousElementSibling.textContent} ${one.textContent}`);
})()"""
"""Figures, aligned to the right, and the words of the next column, aligned to the left, that look like one."""

SCROLLS = """[...document.querySelectorAll('.scroll')].map((one, number) => [one, number])
  .filter(([one]) => one.scrollWidth > one.clientWidth + 20).map(([one, number]) => {
    const place = one.getBoundingClientRect(), table = one.firstElementChild.getBoundingClientRect();
    return [number, Math.floor(place.right), Math.ceil(table.top + scrollY), Math.floor(table.height) - 1];
  })"""
"""Number, right edge, top and height of each table that scrolls."""

TO_REACH = "[...document.querySelectorAll('a[href], button, [tabindex=\"0\"]')]"

FOCUSED = f"""(() => {{
  const one = document.activeElement, style = getComputedStyle(one);
  const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  return [{TO_REACH}.indexOf(one), seen || one === document.body];
}})()"""

MOVES = """[...document.querySelectorAll('*')].filter(one => {
  const style = getComputedStyle(one);
  return parseFloat(style.transitionDuration) > 0 || style.animationName !== 'none';
}).map(one => one.tagName + ' moves')"""

OUTLINE = """(() => {
  const said = [], levels = [...document.querySelectorAll('h1, h2, h3, h4')].map(one => Number(one.tagName[1]));
  const count = (what) => document.querySelectorAll(what).length;
  if (!document.documentElement.lang) said.push('no language');
  if (!document.title) said.push('no title');
  for (const one of ['main', 'h1', 'header', 'footer']) if (count(one) !== 1) said.push(`${count(one)} of ${one}`);
  levels.forEach((level, place) => { if (level > (levels[place - 1] ?? 0) + 1) said.push('a heading is left out'); });
  for (const one of document.querySelectorAll('table'))
    if (!one.querySelector('th')) said.push(`a table without headers: ${one.outerHTML.slice(0, 80)}`);
  return said;
})()"""

TAB_KEY = 9


def wrong(tab: Tab) -> list[str]:
    """Return what is wrong with the page in a tab that can be seen without touching it."""
    found = [one for script in (WIDE, OUTLINE, MOVES) for one in tab.evaluate(script)]
    return [*tab.faults(), *found, *judged(tab)]


def judged(tab: Tab) -> list[str]:
    """Return what axe finds wrong, and what it cannot judge."""
    axe = installed("axe-core", PINS, []) / "node_modules/axe-core/axe.min.js"
    tab.evaluate(f"{FLAT}{axe.read_text(encoding='utf-8')};0")
    told = json.dumps({"runOnly": RULES, "resultTypes": ["violations", "incomplete"]})
    results = tab.evaluate(
        f"axe.run(document, {told}).then(({{violations, incomplete}}) => ({{violations, incomplete}}))"
    )
    return [
        f"{kind} {rule['id']}: {node['html'][:120]} {_why(node)}"
        for kind, rules in results.items()
        for rule in rules
        for node in rule["nodes"]
        if kind == "violations" or not _is_unsure(node)
    ]


def _is_unsure(node: dict[str, Any]) -> bool:
    """Tell whether axe cannot judge what is right: one sign, or text in a drawing, which has an edge of its own."""
    return node["html"].startswith("<text") or _why(node) == UNSURE


def _why(node: dict[str, Any]) -> str:
    return "; ".join(one["message"] for one in (*node["any"], *node["all"], *node["none"]))


def not_reached(tab: Tab) -> list[str]:
    """Press the tab key until the focus leaves the page; return what it leaves out, takes out of order, or hides."""
    count = tab.evaluate(f"{TO_REACH}.length")
    tab.evaluate("document.activeElement.blur()")
    reached = []
    said = []
    for _ in range(count + 1):
        tab.press("Tab", TAB_KEY)
        place, seen = tab.evaluate(FOCUSED)
        reached.append(place)
        if not seen:
            said.append(f"the focus on number {place} is not seen")
    if reached != [*range(count), -1]:
        said.append(f"reached {reached} of {count}")
    return said
