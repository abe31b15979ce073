"""The gateway's own mail, judged by the gateway's own detector: nothing that it writes in the open may count as PHI."""

from __future__ import annotations

import pytest

from gateway.domain.decision import HoldReason
from gateway.domain.finding import TextPart
from gateway.phi.scan import MailContext, Scanner
from gateway.policy.explain import receipt_reason, what_to_do
from tests.unit.render.test_render_mail import RENDERER, VALUES

RECEIPTS = ("held", "reminder", "dsn")


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner.load()


def judged(scanner: Scanner, name: str, context: MailContext | None = None, **values: object):
    got = RENDERER.mail(name, **{**VALUES[name], **values})
    parts = [TextPart("subject", got.subject), TextPart("body.plain", got.text)]
    return scanner.scan(parts, context=context)


@pytest.mark.parametrize("name", [one for one in VALUES if one not in (*RECEIPTS, "answer")])
def test_what_recipients_get_is_no_phi_even_to_strangers(scanner, name):
    report = judged(scanner, name, MailContext(unregistered_consumer=True))
    assert report.clean
    assert not report.classes


@pytest.mark.parametrize("name", RECEIPTS)
@pytest.mark.parametrize("why", HoldReason)
def test_receipts_are_no_phi_for_any_reason(scanner, name, why):
    report = judged(scanner, name, reason=receipt_reason(why), what_to_do=what_to_do(why))
    assert report.clean
    assert not report.classes


def test_the_detector_would_have_said_so(scanner):
    letter = "Dear Maria Gomez, your HIV test of 3 March 2026 came back; call us about your medicine. MRN 00482913"
    assert judged(scanner, "link-letter", letter=letter).phi
