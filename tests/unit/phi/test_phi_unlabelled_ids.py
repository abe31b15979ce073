"""Identifiers without a label of their own: in lists, again, by shape; days without a year; ages that no word names."""

from __future__ import annotations

import pytest

from gateway.domain.finding import Kind, TextPart
from gateway.phi.scan import Scanner

_OUTSIDE = {Kind.ORGANIZATION, Kind.HEALTH_TERM}
MASKED = """MRNs 123456, [234567] and 345678 | MRNs 123456, 234567 and [345678] | fingerprint FP-2281-R1 and [FP-2281-L1] | claims C-44718, C-44719 / [C-44720]
Jane Kowalski ([447188]) called | KOWALSKI,JANE [447188] F | the chart of [4471882] is lost | pump serial TK-88217-Q fails; bring [TK-88217-Q] back | chart [HG 0061 2217]
acct [4410 2296] | claim [2026-QX-44813] | voucher [26-PV-88217] | Aetna [W2218 80931] | licence [H 416 332 771 908] | plate [C 482 197] | blue Tacoma, [WXR 4417] | VIN ends in [08843]
card ending [4421] | last four of her social [0443] | SSN on file ends in [6121] | subject [QA-018] | A-number [208 771 443] | CLABE [012 180 00118359719 7] | unit no. [W0447 26 118820]
labs [3/14] and [4/2] | DNR signed [10/28]. | due [11/09] | seen [3/4] | turno del [30/10] | DTSTART:[20261110T142000Z] | [June 2 of 2026]
Ottilie Brandt, [97], fell | her sister, [96], fell | BRANDT, OTTILIE [91] INR | halloway f [93] fall | he's [96] and well | who, at [93], walks | Born 1935, [91], frail | tiene [93] y vive sola | I am [ninety-two].
Age: [93] | Name;Age;Why~Brandt;[97];fall | mother ([94]) lives alone | at [92], she drives"""
STAYS = """open 24/7 | vision 20/10 | strength 4/5 | 7/8 nodes | won 9/11 games | BiPAP 12/5 | MoCA 11/30 | amlodipine 10/20 | 1/2 tablet | exp 09/28 | 3/16 inch
MAP 90. | Karnofsky 90, stable | fever to 101F | sat 97, RR 18 | aged 90 or older | Windows 98, installed | PLT 245000 | WBC 11200 | 1250000 copies | $4471882 | lots 8815024 to 8815039
CMS-1500 form | ISO-13485 | NCT01234567 | ICD-10 F32.1 | CPT 99213 billed | SKU 4471882 | pages 1123-1129 | 2015-2020 | NDC 5532-4471-02 | 25000-50000 cells | HR 110 120 130 | COVID-2019"""


def _split(lines: str) -> list[str]:
    return [one.strip().replace("~", "\n") for line in lines.splitlines() for one in line.split("|")]


def _places(scanner: Scanner, text: str) -> set[int]:
    report = scanner.scan([TextPart("body.plain", text)])
    return {at for one in report.findings if one.kind not in _OUTSIDE for at in range(one.start, one.end)}


@pytest.mark.parametrize("marked", _split(MASKED))
def test_is_masked_whole(scanner: Scanner, marked: str) -> None:
    before, _, rest = marked.partition("[")
    value, _, after = rest.partition("]")
    found = _places(scanner, before + value + after)
    assert all(at in found for at, one in enumerate(value, len(before)) if one.isalnum())


@pytest.mark.parametrize("text", _split(STAYS))
def test_stays(scanner: Scanner, text: str) -> None:
    assert not [at for at in _places(scanner, text) if text[at].isdigit()]
