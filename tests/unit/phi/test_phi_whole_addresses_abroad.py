from __future__ import annotations

import pytest

from gateway.phi.scan import Scanner
from tests.support.masking import left


@pytest.mark.parametrize("address", [
    "B-402, Sai Krupa Society, S.V. Road, Borivali West, Mumbai 400092", "302 Lotus Apartments, MG Road, Koramangala, Bengaluru, Karnataka 560034, India",
    "Flat 12, Shanti Nagar, Andheri East, Mumbai - 400 069", "Rose Barn, Church Lane, Little Wenham, Ipswich IP9 2AA",
    "The Old Rectory, Mill Lane, Great Bardfield, Braintree, Essex CM7 4QS", "2200 boul. Laurier, bureau 300, Qu\u00e9bec QC G1V 4Z3",
    "1050, avenue du Parc, app. 12, Montr\u00e9al (Qu\u00e9bec) H2W 1S8",
])  # fmt: skip
def test_nothing_of_an_address_is_left(scanner: Scanner, address: str) -> None:
    assert left(scanner, f"Please write to: {address}").strip(" .,") == "Please write to:"


@pytest.mark.parametrize(("text", "rest"), [
    ("She was seen at Bayou Teche Heart last week.", "She was seen at last week."), ("Referred by Gulf Coast Vein to us.", "Referred by to us."),
    ("They say that Opelousas General calls this care.", "They say that calls this care."), ("He went to Gallatin County Detention on foot.", "He went to on foot."),
    ("She was found near the Pike Street overpass.", "She was found near the ."), ("She has come from Yampa Valley Nursery to us.", "She has come from to us."),
    ("A judge of the Kaunas Regional Court came.", "A judge of the Regional Court came."), ("The talk was of Boston General Counsel only.", "The talk was of General Counsel only."),
    ("Please call the Texas Heart Institute.", "Please call the ."),
])  # fmt: skip
def test_a_practice_is_called_by_a_part_of_the_body(scanner: Scanner, text: str, rest: str) -> None:
    assert left(scanner, text) == rest


@pytest.mark.parametrize("text", [
    "We talked about Broken Heart syndrome, Right Heart strain and Open Heart surgery.", "He came with Chronic Lung disease.", "Money comes from American Heart every year.",
])  # fmt: skip
def test_parts_of_the_body_alone_are_no_practice(scanner: Scanner, text: str) -> None:
    assert left(scanner, text) == text
