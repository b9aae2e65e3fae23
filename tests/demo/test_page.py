"""The page of `larvseg demo` in a browser. Gradio has an environment of its own (docs/segment.md); without it these tests are skipped."""

import socket

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from larvseg.loading import load
from tests.small_run import small_run

gradio = pytest.importorskip("gradio")
WAIT = 180  # seconds, of a machine that is busy
HOSTILE = ('<img src=x onerror="window.hacked=1">', "</text></svg><script>window.hacked=2</script>", "lamp & <b>sofa</b>")


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """The addresses beyond loopback that this process, which is the server, has connected to or looked up."""
    found, connect, look_up = [], socket.socket.connect, socket.getaddrinfo

    def noted(host):
        if str(host) not in ("127.0.0.1", "localhost", "::1", "None", "0.0.0.0"):
            found.append(host)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("uploads")))
        patch.setattr(socket.socket, "connect", lambda own, to: (noted(to[0] if isinstance(to, tuple) else None), connect(own, to))[1])
        patch.setattr(socket, "getaddrinfo", lambda host, *more, **named: (noted(host), look_up(host, *more, **named))[1])
        yield found


@pytest.fixture(scope="module")
def address(tmp_path_factory, outside):
    from larvseg.demo.page import launch

    folder = tmp_path_factory.mktemp("demo")
    runs = {"small": load(small_run(folder / "small")), '<i onclick="1">other': load(small_run(folder / "other", HOSTILE))}
    page = launch(gradio, runs, None, block=False)
    yield page.local_url
    page.close()


def drop(browser, address, path, found):
    """Open the page anew, drop the file, and wait until `found` is on the page."""
    driver = browser.driver
    driver.get("about:blank")
    driver.set_window_size(1280, 900)
    for log in ("browser", "performance"):
        driver.get_log(log)
    driver.get(address)
    WebDriverWait(driver, WAIT).until(lambda _: driver.find_elements(By.CSS_SELECTOR, "#picture input[type=file]"))
    driver.find_element(By.CSS_SELECTOR, "#picture input[type=file]").send_keys(str(path))
    WebDriverWait(driver, WAIT).until(lambda _: driver.find_elements(By.CSS_SELECTOR, found))


def picture(path):
    noise = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    Image.fromarray(noise).resize((96, 64), Image.Resampling.BICUBIC).save(path)
    return path


def stays_here(browser, address, outside):
    assert outside == []
    asked = browser.requests
    assert asked and [url for url in asked if not url.startswith((address.rstrip("/"), "blob:"))] == []
    assert [entry for entry in browser.driver.get_log("browser") if entry["level"] == "SEVERE"] == []  # Gradio warns of its own code


def test_regions_say_their_class_and_score_under_the_pointer(browser, address, outside, tmp_path):
    drop(browser, address, picture(tmp_path / "room.png"), "#found svg.regions g")
    driver = browser.driver
    classes = browser.texts("#areas td:nth-child(2)")[1:]
    assert classes and set(classes) <= {"wall", "sofa", "lamp"}
    assert browser.shown("#found svg.regions text") == []
    box = browser.run(
        "const b = document.querySelector('#found svg.regions').getBoundingClientRect(); return [b.x, b.y, b.width, b.height]"
    )
    pointer = ActionChains(driver)
    pointer.w3c_actions.pointer_action.move_to_location(int(box[0] + box[2] / 2), int(box[1] + box[3] / 2))
    pointer.perform()
    (said,) = browser.shown("#found svg.regions text")
    name, score = said.rsplit(" ", 1)
    assert name in ("wall", "sofa", "lamp") and 0 < float(score) <= 1
    stays_here(browser, address, outside)


def test_names_of_files_and_classes_are_text(browser, address, outside, tmp_path):
    path = picture(tmp_path / '<img src=x onerror="window.hacked=3">.png')
    drop(browser, address, path, "#found svg.regions g")
    browser.one("#model input").click()
    WebDriverWait(browser.driver, WAIT).until(lambda _: browser.shown("[role=option]"))
    options = browser.driver.find_elements(By.CSS_SELECTOR, "[role=option]")
    next(option for option in options if "other" in option.text).click()
    WebDriverWait(browser.driver, WAIT).until(lambda _: any("&" in text or "<" in text for text in browser.texts("#areas td:nth-child(2)")))
    shown = browser.texts("#areas td:nth-child(2)")[1:]
    assert shown and set(shown) <= set(HOSTILE)
    assert browser.run("return window.hacked === undefined && !document.querySelector('#found img, #found script, #found b')")
    stays_here(browser, address, outside)


def test_a_broken_picture_is_told(browser, address, outside, tmp_path):
    path = tmp_path / "<b>broken.png"
    path.write_bytes(picture(tmp_path / "whole.png").read_bytes()[:200])
    drop(browser, address, path, "#found [role=alert]")
    (said,) = browser.texts("#found [role=alert]")
    assert "not a readable picture" in said and "/" not in said
    assert browser.run("return !document.querySelector('#found b')")
    stays_here(browser, address, outside)
