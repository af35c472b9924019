"""From the first password to signing out, in a real browser."""

import pyotp
import pytest

from tallystick.console.desk import words
from tallystick.report.texts import LANGUAGES

from .world import PASSWORD


def secret_of(page):
    """Read the secret beside the picture, as somebody types it."""
    return page.inner_text(".secret").replace(" ", "")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_somebody_new_comes_in_works_and_leaves(world, chromium, language, scripts):
    """Given password, own password, authenticator, today, out, in again by code."""
    t = words(language)
    _, given = world.accounts().add("vera", "analyst")
    context = chromium.new_context(
        ignore_https_errors=True, java_script_enabled=scripts, locale=language
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    wrong = []
    page.on("console", lambda one: one.type == "error" and wrong.append(one.text))
    page.on("pageerror", lambda one: wrong.append(str(one)))

    page.goto(world.address)
    assert page.get_attribute("html", "lang") == language
    page.get_by_label(t.say("sign_in.name")).fill("vera")
    page.get_by_label(t.say("sign_in.password")).fill(given)
    page.get_by_role("button", name=t.say("sign_in.next")).click()

    assert page.inner_text("h1") == t.say("enrol.title")
    secret = secret_of(page)
    page.locator("#password").fill(PASSWORD)
    page.locator("#again").fill(PASSWORD)
    page.locator("#code").fill(pyotp.TOTP(secret).at(world.clock.ms // 1000))
    page.get_by_role("button", name=t.say("enrol.done")).click()

    assert page.inner_text("h1") == t.say("recovery.title")
    assert page.locator(".codes li").count() == 10
    page.get_by_role("link", name=t.say("recovery.kept")).click()

    assert page.inner_text("h1") == t.say("page.today")
    assert t.say("today.none") in page.inner_text("main")
    page.get_by_role("button", name=t.say("frame.sign_out")).click()
    assert t.say("done.out") in page.inner_text("main")

    page.locator("#name").fill("vera")
    page.locator("#password").fill(PASSWORD)
    page.locator("main button").click()
    world.clock.pass_s(30)
    page.locator("#code").fill(pyotp.TOTP(secret).at(world.clock.ms // 1000))
    page.locator("main button").click()
    assert page.inner_text("h1") == t.say("page.today")
    assert "vera" in page.inner_text("header")
    assert wrong == []
    context.close()
