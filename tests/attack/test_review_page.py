"""The staff page against who should not see it: every route, method and state; guessing; foreign forms; other sessions."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest

from gateway.review.routes import Who, table
from gateway.web.front import HEADERS
from tests.support.home import OFFICE
from tests.support.portal_house import Browser
from tests.support.review_house import OTHER, PASSWORD, SENDER_ONLY, STAFF, Office, page_of, press, sign_in

pytestmark = pytest.mark.proves("roles.review")
SESSION, DOOR = "__Host-sealgate-staff", "__Host-sealgate-door"


class AnyView:
    """Stands for the views, to read the table by."""

    def __getattr__(self, name: str) -> str:
        return name


TABLE = table(AnyView())  # type: ignore[arg-type]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT-ISH")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("review"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def port(office: Office) -> Iterator[int]:
    with page_of(office) as found:
        yield found


@pytest.fixture(scope="module")
def message(office: Office) -> str:
    return office.held()


def filled(path: str, message: str, request: str = "r") -> str:
    return path.replace("{message}", message).replace("{request}", request)


def rows(office: Office) -> tuple[object, ...]:
    return tuple(
        office.home.sql(f"SELECT count(*) FROM {one}")[0][0] for one in ("desk", "jobs", "audit", "objects", "wraps")
    )


def state(office: Office, message: str) -> str:
    return office.home.message(message).state.value


@pytest.mark.parametrize("who", ["nobody", "invented cookie", "signed out"])
def test_without_a_session_no_route_shows_or_does_anything(office: Office, port: int, message: str, who: str) -> None:
    browser = Browser(port)
    if who == "invented cookie":
        browser.cookies[SESSION] = "A" * 43
    if who == "signed out":
        browser = sign_in(port)
        kept = dict(browser.cookies)
        assert browser.post("/sign-out").headers["location"] == "/signed-out"
        browser.cookies = kept
    before = rows(office)
    for entry in TABLE:
        for method in METHODS:
            form = {"form": "x", "reason": "because", "copy": "c"} if method == "POST" else None
            answer = browser.go(method, filled(entry.path, message), form)
            said = answer.text if method != "HEAD" else ""
            right = method == entry.method or (method, entry.method) == ("HEAD", "GET")
            if not right:
                assert answer.status in {400, 405}, (method, entry.path)
            elif entry.who in {Who.STAFF, Who.WAITING} or (method == "POST"):
                assert answer.status == 403, (method, entry.path)
            assert message not in said
            for name, value in HEADERS.items():
                if answer.status != 400:
                    assert answer.headers[name] == value, (method, entry.path, name)
    assert rows(office) == before
    assert state(office, message) == "held"


def test_get_and_head_change_nothing_for_staff(office: Office, port: int, message: str) -> None:
    browser = sign_in(port)
    copy = office.home.delivery(message).id
    before = rows(office)
    for entry in TABLE:
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"):
            path = filled(entry.path, message)
            answer = browser.go(method, path + f"?copy={copy}&reason=because&form=x")
            assert answer.status in {200, 303, 403, 404, 405}, (method, path)
            assert answer.headers["cache-control"] == "no-store"
    assert rows(office) == before


@pytest.mark.parametrize(
    ("name", "password"), [(SENDER_ONLY, PASSWORD), (STAFF, "wrong"), ("nobody", PASSWORD), ("", ""), (STAFF, PASSWORD + " ")]
)  # fmt: skip
def test_who_is_not_of_the_staff_does_not_come_in(office: Office, port: int, name: str, password: str) -> None:
    before = office.home.kinds().count("signed_in")
    browser = sign_in(port, name, password)
    assert SESSION not in browser.cookies
    assert "not right" in browser.page
    assert browser.go("GET", "/mail").status == 403
    assert office.home.kinds().count("signed_in") == before


def test_signing_in_is_in_the_log_and_its_cookie_is_strict(office: Office, port: int) -> None:
    browser = Browser(port)
    browser.get("/")
    answer = browser.post("/sign-in", name=STAFF, password=PASSWORD)
    [cookie] = [one for one in answer.headers.get_all("set-cookie") or [] if one.startswith(SESSION)]
    for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert word in cookie
    assert office.home.kinds()[-1] == "signed_in"
    value = browser.cookies[SESSION]
    assert value not in "\n".join(map(str, office.home.sql("SELECT * FROM audit")))


def test_forms_of_other_pages_do_nothing(office: Office, port: int, message: str) -> None:
    browser = sign_in(port)
    browser.get(f"/mail/{message}")
    good, before = browser.page, rows(office)
    for entry in TABLE:
        if entry.method != "POST" or entry.path == "/sign-out":
            continue
        path = filled(entry.path, message)
        copy = {"reason": "r", "copy": office.home.delivery(message).id}
        assert browser.go("POST", path, {"form": "", **copy}).status == 403
        assert browser.go("POST", path, {"form": "0" * 64, **copy}).status == 403
        browser.page = good
        assert browser.go("POST", path, copy | {"form": form_of(good)}, sec_fetch_site="cross-site").status == 403
        assert browser.go("POST", path, copy | {"form": form_of(good)}, origin="https://evil.example").status == 403
        assert browser.go("POST", path, copy | {"form": form_of(good)}, content_type="text/plain").status == 415
    other = sign_in(port, OTHER)
    other.get("/mail")
    stolen = form_of(other.page)
    assert browser.go("POST", f"/mail/{message}/show", {"form": stolen}).status == 403
    assert rows(office)[0] == before[0]
    assert state(office, message) == "held"


def form_of(page: str) -> str:
    return page.partition('name="form" value="')[2].partition('"')[0]


def test_the_road_of_reading_and_of_another_session(office: Office, port: int, message: str) -> None:
    browser, other = sign_in(port), sign_in(port, OTHER)
    assert message in browser.get("/mail").text
    browser.get(f"/mail/{message}")
    asked = press(browser, f"/mail/{message}/show")
    waiting = browser.get(asked)
    assert "One moment" in waiting.text
    assert "metformin" not in waiting.text
    office.home.settle()
    assert "metformin" in browser.get(asked).text
    assert OFFICE in browser.page
    assert other.go("GET", asked).status == 404
    assert "metformin" not in other.page
    browser.get("/mail")
    browser.post("/sign-out")
    again = sign_in(port)
    assert again.go("GET", asked).status == 404


def test_a_reason_is_needed_and_markup_stays_text(office: Office, port: int) -> None:
    browser = sign_in(port)
    message = office.held("<script>alert(1)</script>", "Dear Maria Quintero, <b>MRN-4471203</b> diabetes <img src=x>")
    browser.get(f"/mail/{message}")
    copy = office.home.delivery(message).id
    for path, form in (("release", {"copy": copy}), ("refuse", {}), ("hold", {})):
        browser.get(f"/mail/{message}")
        for reason in ("", "   ", "x" * 501):
            answer = browser.post(f"/mail/{message}/{path}", reason=reason, **form)
            assert answer.status == 422
    assert browser.post(f"/mail/{message}/release", reason="r", copy="another").status == 400
    browser.get(f"/mail/{message}")
    asked = press(browser, f"/mail/{message}/show")
    office.home.settle()
    page = browser.get(asked).text
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_release_and_refuse_by_the_page(office: Office, port: int) -> None:
    browser = sign_in(port)
    for deed, said in (("release", "protected method"), ("refuse", "nothing was sent")):
        message = office.held()
        browser.get(f"/mail/{message}")
        asked = press(browser, f"/mail/{message}/{deed}", reason="They called", copy=office.home.delivery(message).id)
        office.home.settle()
        assert said in browser.get(asked).text
        assert browser.go("GET", f"/mail/{message}").status == 404
        assert browser.post(f"/mail/{message}/show").status in {403, 404}


def test_whoever_is_closed_out_is_out_at_once(office: Office, port: int, message: str) -> None:
    users = office.home.inst.users()
    browser = sign_in(port, OTHER)
    assert browser.get("/mail").status == 200
    users.disable(OTHER)
    assert browser.get("/mail").status == 403
    assert SESSION not in sign_in(port, OTHER).cookies
    users.disable(OTHER, disabled=False)
    assert browser.get("/mail").status == 403, "the session does not come back"
    browser = sign_in(port, OTHER)
    users.passwd(OTHER, "another pass phrase")
    assert browser.get(f"/mail/{message}").status == 403
    users.passwd(OTHER, PASSWORD)


def test_a_session_ends_by_itself(office: Office, port: int, message: str) -> None:
    browser = sign_in(port)
    asked = press(browser, f"/mail/{message}/show") if browser.get(f"/mail/{message}") else ""
    office.home.settle()
    for _ in range(5):
        office.home.clock.advance(170)
        assert browser.go("GET", asked).status in {200, 404}, "a page that asks by itself keeps nobody signed in"
    office.home.clock.advance(60)
    assert browser.go("GET", asked).status == 403
    browser = sign_in(port)
    for _ in range(33):
        office.home.clock.advance(880)
        status = browser.go("GET", "/mail").status
    assert status == 403
    for ended in office.sessions.sweep():
        office.desk.leave(ended)


def test_a_form_that_is_too_long_is_not_read(port: int, message: str) -> None:
    browser = sign_in(port)
    browser.get(f"/mail/{message}")
    assert browser.post(f"/mail/{message}/refuse", reason="x" * 20_000).status == 413
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/mail/" + "x" * 20_000)
    assert connection.getresponse().status in {400, 404, 403}
    connection.close()


def test_guessing_is_slowed_by_network(office: Office, port: int) -> None:
    for _ in range(20):
        sign_in(port, STAFF, "guess")
    answer = sign_in(port, STAFF, PASSWORD)
    assert SESSION not in answer.cookies
    assert "Please wait" in answer.page
    office.home.clock.advance(901)
    assert SESSION in sign_in(port).cookies
