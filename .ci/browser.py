#!/usr/bin/env python3
"""Reads HTML reports in Chromium and says what is wrong with them.

    browser.py AXE PAGE...
    browser.py hostile

Checks of each page, narrow (360 pixels) and wide (1600), light and dark: it
asks for nothing, writes nothing to the console and opens no dialog; nothing
runs out of it sideways; axe-core (the file AXE) finds no violation, with
everything unfolded (narrow in light and wide in dark, a large page
only the latter); the keyboard gets past the header; the filters show what
they should; and without scripts everything is there. The word hostile prints
findings that try to break a page.
"""

import json
import os
import shutil
import sys
from pathlib import Path

HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</style><script>alert(2)</script>", "](javascript:alert(1))",
    "\u202eevil\u202c\u2066", "\u001b[31m", "{{.Title}}", "<svg/onload=alert(3)>", "x" * 300, "\u6f22\u5b57" * 60, "\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u05e2\u05d1\u05e8\u05d9\u05ea",
    "a\u0301\u0301\u0301" * 20, "javascript:alert(4)", "&lt;b&gt;", "--></title><h1>x</h1>",
]


def hostile():
    weaknesses = ["CWE-798", "CWE-306", "CWE-78", "CWE-787", "CWE-311"]
    return [
        {"id": h, "title": HOSTILE[(i + 3) % len(HOSTILE)] + h, "device": HOSTILE[(i + 1) % len(HOSTILE)], "weaknesses": [weaknesses[i % 5], h],
         "remedies": [{"category": "vendor_fix", "text": h}]}
        for i, h in enumerate(HOSTILE)
    ] + [{"id": "plain", "title": "One that has nothing", "device": "plc-1"}]


LARGE = 200  # gaps and findings


class Page:
    """A page under test; problems are collected in a list of words."""

    def __init__(self, browser, path, problems, **options):
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.name = f"{path.stem} {options}"
        self.problems = problems
        url = path.as_uri()
        self.page.on("console", lambda m: self.wrong(f"console: {m.text}"))
        self.page.on("pageerror", lambda e: self.wrong(f"error: {e}"))
        self.page.on("dialog", lambda d: (self.wrong(f"dialog: {d.message}"), d.dismiss()))
        self.page.on("request", lambda r: r.url.split("#")[0] == url or self.wrong(f"request: {r.url}"))
        self.page.goto(url)

    def wrong(self, words):
        self.problems.append(f"{self.name}: {words}")

    def expect(self, truth, words):
        truth or self.wrong(words)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()


def check_filters(p):
    page = p.page
    for form in page.query_selector_all("form[data-filters]"):
        name = form.get_attribute("data-filters")
        p.expect(form.is_visible(), f"the filters of {name} can't be seen")
        items = page.query_selector_all(f"#{name} [data-item]")
        text, device, kind = (form.query_selector(f"[name={n}]") for n in ("text", "on", "kind"))

        def shown():
            return [i for i in items if i.is_visible()]

        p.expect(len(shown()) == len(items), f"{name}: not all is shown at first")
        text.fill("no such words anywhere")
        p.expect(not shown(), f"{name}: words that are nowhere are found")
        p.expect(f"0 of {len(items)}" in form.inner_text(), f"{name}: the count is not told")
        words = items[-1].text_content().split()[1]
        text.fill(words.upper())
        p.expect(items[-1].is_visible() and all(words.lower() in i.text_content().lower() for i in shown()), f"{name}: {words} is not found")
        text.fill("")
        options = device.query_selector_all("option")
        if len(options) > 1:
            on = options[1].get_attribute("value")
            device.select_option(on)
            want = [i for i in items if on in i.get_attribute("data-on").split()]
            p.expect(len(shown()) == len(want), f"{name}: {len(shown())} on the first device, want {len(want)}")
            device.select_option("")
        of = items[0].get_attribute("data-kind")
        kind.select_option(of)
        p.expect(all(i.get_attribute("data-kind") == of for i in shown()) and items[0].is_visible(), f"{name}: another kind than {of} is shown")
        kind.select_option("")
        p.expect(len(shown()) == len(items), f"{name}: not all is shown at last")


def check_keyboard(p):
    page = p.page
    page.keyboard.press("Tab")
    p.expect(page.evaluate("document.activeElement.className") == "skip", "the first stop is not the link that skips the header")
    box = page.evaluate("document.activeElement.getBoundingClientRect().left")
    p.expect(box >= 0, "the link that skips the header can't be seen")
    page.keyboard.press("Enter")
    p.expect(page.evaluate("document.activeElement.id") == "main", "the link does not skip the header")
    page.keyboard.press("Tab")
    p.expect(page.evaluate("document.querySelector('main').contains(document.activeElement)"), "the next stop is outside of the report")


def check_links(p):
    """A link to what a filter hides shows it."""
    page = p.page
    link = page.query_selector(".todraft")
    if link:
        link.click()
        target = page.query_selector(":target")
        p.expect(target and target.query_selector("details").get_attribute("open") is not None, "a draft stays folded")


def check_unfold(p):
    folded = p.page.locator("details:not([open])")
    p.expect(folded.count() > 0, "nothing is folded up at first")
    p.page.click("button[data-unfold]")
    p.expect(folded.count() == 0, "the button leaves something folded up")
    p.page.click("button[data-unfold]")


def main(axe, paths):
    from playwright.sync_api import sync_playwright

    problems, checked = [], 0
    shots = os.environ.get("SHOTS")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for path in (Path(p).resolve() for p in paths):
            with Page(browser, path, problems, java_script_enabled=False, viewport={"width": 800, "height": 900}) as p:
                plain = p.page.locator("[data-item]:visible").count()
                p.expect(plain == p.page.locator("[data-item]").count() > 0, "without scripts something is hidden")
                p.expect(p.page.locator("form:visible").count() == 0, "without scripts there are filters")
            for width in (360, 1600):
                for scheme in ("light", "dark"):
                    with Page(browser, path, problems, viewport={"width": width, "height": 900}, color_scheme=scheme) as p:
                        p.expect(p.page.locator("[data-item]").count() == plain, "with scripts there is more or less")
                        if shots:
                            p.page.screenshot(path=f"{shots}/{path.stem}-{width}-{scheme}.png", full_page=True)
                        if scheme == "light":
                            check_keyboard(p)
                            check_filters(p)
                            check_links(p)
                            check_unfold(p)
                        p.page.click("button[data-unfold]")
                        sideways = p.page.evaluate("""() => [document.documentElement.scrollWidth, ...Array.from(document.querySelectorAll('body *'))
                            .filter(e => !e.closest('.scroll, .skip, thead') && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))]""")
                        p.expect(sideways[0] <= width and len(sideways) == 1, f"runs out of the page: {sideways[:3]}")
                        if (width, scheme) not in ((360, "light"), (1600, "dark")) or plain > LARGE and width == 360:
                            continue  # the rules take long, and smaller pages have all that a large one has
                        p.page.evaluate(axe)
                        result = p.page.evaluate("axe.run({resultTypes: ['violations']})")
                        for v in result["violations"]:
                            p.wrong(f"axe: {v['id']}: {v['help']}: {[n['html'][:120] for n in v['nodes'][:3]]}")
                        checked += len(result["passes"])
        browser.close()
    for words in problems:
        print(words, file=sys.stderr)
    print(f"{len(paths)} pages in Chromium, 5 ways each: {len(problems)} problems; axe-core: {checked} rules passed")
    return 1 if problems else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["hostile"]:
        print(json.dumps(hostile()))
    elif len(sys.argv) > 2:
        sys.exit(main(Path(sys.argv[1]).read_text(encoding="utf-8"), sys.argv[2:]))
    else:
        sys.exit(__doc__)
