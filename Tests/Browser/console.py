#!/usr/bin/env python3
"""Drives the console's page in headless Chromium while the stack is broken and mended.

usage: console.py URL CSP DATA SCREENSHOTS

Prints a line for each step, and exits with 1 at the first that fails. Run by BrowserTests, which skip where
playwright, Chromium or axe-core are missing (exit code 77).
"""
import json
import pathlib
import re
import subprocess
import sys

CHROMIUM = "/usr/bin/chromium"
try:
    import axe_playwright_python
    from playwright.sync_api import expect, sync_playwright
except ImportError as error:
    sys.exit(print(f"skipped: {error}") or 77)
if not pathlib.Path(CHROMIUM).exists():
    sys.exit(print(f"skipped: there is no {CHROMIUM}") or 77)

AXE = next(pathlib.Path(axe_playwright_python.__file__).parent.glob("*.min.js"))
url, csp, data, screenshots = sys.argv[1:]
# Milliseconds: for a slow machine.
expect.set_options(timeout=60_000)


def run(*arguments):
    subprocess.run([csp, *arguments, "--data", data], check=True, stdout=subprocess.DEVNULL)


def step(words):
    print(words, flush=True)


def violations(page):
    # Not by a script element: the page's own policy forbids those.
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")["violations"]
    return [f"{each['id']}: {[node['html'][:120] for node in each['nodes']]}" for each in found]


def looks(browser, name, address=None, ready="#path h3"):
    """A page in both languages, both themes and both widths: nothing is wider than the window."""
    for width, height, scheme, locale in [
        (1440, 1000, "light", "en-US"), (1440, 1000, "dark", "ko-KR"),
        (390, 844, "light", "ko-KR"), (390, 844, "dark", "en-US"),
    ]:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, locale=locale)
        page = context.new_page()
        page.goto(address or url)
        expect(page.locator(ready).first).to_be_visible()
        if page.locator("summary").count() > 0:
            page.locator("summary").first.click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{width} px: too wide"
        page.screenshot(path=f"{screenshots}/{name}-{width}-{scheme}-{locale}.png", full_page=True)
        found = violations(page)
        assert not found, f"axe, {width} px, {scheme}, {locale}: {found}"
        context.close()


def main(browser):
    page = browser.new_context(viewport={"width": 1440, "height": 1000}, locale="en-US").new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(url)
    sentence = page.locator("#sentence h1")

    expect(sentence).to_have_text("Every order is confirmed.")
    for name in ["order", "inventory", "payment", "coupon", "notification"]:
        expect(page.locator(f"#service-{name} .state")).to_contain_text("ready")
    looks(browser, "rest")
    step("at rest: the whole path, ready")

    page.locator("#place button").press("Enter")
    page.locator("#place .answer a").press("Enter")
    purchase = page.locator("#trace")
    for name in ["POST /orders", "inventory reserve", "payment capture", "process order-confirmed"]:
        expect(purchase.get_by_text(name, exact=True).first).to_be_visible()
    expect(sentence).to_contain_text("Confirmed")
    looks(browser, "purchase", page.url, "#trace tbody tr")
    step("placed from the page: the purchase is one trace, with its queued steps")
    page.goto(url)

    run("kill", "coupon")
    expect(sentence).to_contain_text("Orders go through. Small coupons")
    expect(page.locator("#service-coupon .state")).to_contain_text("dead")
    run("place")
    expect(page.locator("#stories .owed")).to_have_count(1)
    looks(browser, "coupon-dead")
    degraded = page.locator("#stories a").first.evaluate("link => link.href")
    step("coupon dead: the sentence, the picture and the order say so")

    run("start", "coupon")
    expect(page.locator("#stories .repaired")).to_have_count(1)
    expect(sentence).to_have_text("Every order is confirmed.")
    expect(page.locator("#service-coupon .state")).to_contain_text("ready")
    page.goto(degraded)
    expect(purchase.get_by_text("process repair-coupon", exact=True).first).to_be_visible()
    looks(browser, "purchase-repaired", degraded, "#trace tbody tr")
    step("coupon back: the order is shown as made good")
    page.goto(url)

    run("freeze", "payment")
    expect(sentence).to_contain_text("Orders are accepted and charged later.")
    expect(page.locator("#service-payment .state")).to_contain_text("frozen")
    run("thaw", "payment")
    expect(sentence).to_have_text("Every order is confirmed.")
    step("payment frozen and thawed")

    # More than any machine takes from a stack whose services work on eight requests at once.
    load = subprocess.Popen(
        [csp, "load", "--rate", "2000", "--duration", "30s", "--data", data],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        expect(page.locator(".reading")).to_contain_text(re.compile(r"shed a second: [1-9]"))
        looks(browser, "overload")
    finally:
        load.terminate()
        load.wait()
    expect(sentence).to_contain_text("Every order is confirmed.")
    step("far more orders than fit: what is shed is shown, and then it is over")

    token = json.loads(pathlib.Path(data, "tokens.json").read_text())["adminToken"]
    page.locator("summary").press("Enter")
    page.locator("input[name=token]").press_sequentially(token)
    page.locator("input[name=token]").press("Enter")
    page.get_by_role("row", name="coupon").get_by_role("button", name="Kill").press("Enter")
    expect(page.locator("#service-coupon .state")).to_contain_text("dead")
    page.get_by_role("row", name="coupon").get_by_role("button", name="Start").press("Enter")
    expect(page.locator("#service-coupon .state")).to_contain_text("ready")
    step("killed and started from the page, by keyboard")

    run("kill", "payment")
    page.locator("#incidents a", has_text="payment is dead").press("Enter")
    headline = page.locator("#headline .status")
    expect(headline).to_contain_text("detected", ignore_case=True)
    page.locator("[data-move=acknowledge]").press("Enter")
    expect(headline).to_contain_text("acknowledged", ignore_case=True)
    page.locator("#work input[name=text]").press_sequentially("killed by hand")
    page.locator("[data-move=note]").press("Enter")
    expect(page.locator("#timeline li.kind-note")).to_contain_text("killed by hand")
    looks(browser, "incident", page.url, "#timeline li")
    looks(browser, "status-broken", url + "/status", "article")
    run("start", "payment")
    expect(headline).to_contain_text("resolved", ignore_case=True)
    looks(browser, "incidents", url + "/incidents", "#past li")
    looks(browser, "status", url + "/status", "article")
    step("payment killed: its incident is acknowledged, noted and over; the status page tells customers")
    page.goto(url)

    assert not errors, errors
    run("kill", "console")
    expect(page.locator("#connection")).to_be_visible()
    run("start", "console")
    expect(page.locator("#connection")).to_be_hidden()
    step("the console's own stream cut and back")

    for name in ["order", "inventory", "payment", "coupon", "notification"]:
        run("kill", name)
    expect(sentence).to_contain_text("No order can be placed")
    expect(page.locator("#sentence")).to_have_attribute("data-level", "outage")
    looks(browser, "all-dead")
    step("everything dead: the page says so")


with sync_playwright() as playwright:
    chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    try:
        main(chromium)
    except AssertionError as error:
        sys.exit(print(f"failed: {error}") or 1)
