"""`make bench`: each job against a peer in the same run, interleaved, as a table of ratios (peer's time / ours).

Absolute times of a shared machine mean little; the ratio of two medians taken in turn does, and that of processor times also
where others take turns on the processor. Results: bench/results/.
"""

from __future__ import annotations

import email
import email.policy
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from cryptography.fernet import Fernet

from bench.openpgp import openpgp_jobs
from bench.smime import bare_jobs, seal_jobs
from gateway.domain.protected import Protected
from gateway.mime.limits import Limits
from gateway.mime.parse import parse_stream
from gateway.mime.tree import MemorySink
from gateway.seal.objects import ObjectSealer
from gateway.seal.pdf import File, encrypted_pdf
from gateway.seal.pdf_pages import Letter, Typesetter
from gateway.seal.smime import AES_256_CBC, AES_256_GCM

SIZES = {"10 KiB": 10 * 1024, "1 MiB": 1024**2, "20 MiB": 20 * 1024**2}
ROUNDS, REPEATS = 7, 10
Job = Callable[[], object]


def mail(size: int) -> bytes:
    line = b"Kind regards from the practice; the weather here is fine and the coffee is warm.\r\n"
    head = b"From: a@example.org\r\nTo: b@example.net\r\nSubject: bench\r\nContent-Type: text/plain\r\n\r\n"
    return head + line * (size // len(line))


def object_jobs(size: int, folder: Path) -> tuple[Job, Job]:
    del folder
    data, fernet = os.urandom(size), Fernet(Fernet.generate_key())
    key = Protected(os.urandom(64))

    def ours() -> object:
        sealer = ObjectSealer(key, b"bench")
        parts = [sealer.update(data[at : at + 262144]) for at in range(0, size, 262144)]
        return len(b"".join(parts)) + len(sealer.finalize())

    return ours, lambda: fernet.encrypt(data)


def read_jobs(size: int, folder: Path) -> tuple[Job, Job]:
    del folder
    data, limits = mail(size), Limits(max_text_bytes=64 * 1024**2)
    return (
        lambda: parse_stream([data], MemorySink(), limits),
        lambda: email.message_from_bytes(data, policy=email.policy.SMTP).get_content(),
    )


def pdf_jobs(size: int, folder: Path) -> tuple[Job, Job]:
    template = Path(__file__).parents[1] / "templates" / "letters" / "letter.typ"
    letter = Letter("Willow Clinic", "555-0100", "en", (("subject", "bench"),), "A letter of a line.\n\n" * 20)
    pages, data = Typesetter(template).set(letter, datetime.now(UTC)).pdf, os.urandom(size)
    (folder / "p.pdf").write_bytes(pages)
    (folder / "a.bin").write_bytes(data)
    command = ["qpdf", folder / "p.pdf", "--add-attachment", folder / "a.bin", "--", "--encrypt", "words", "owner", "256", "--", folder / "out.pdf"]  # fmt: skip
    file = File("a.bin", "application/octet-stream", data)
    return (
        lambda: encrypted_pdf(pages, [file], Protected("words"), os.urandom),
        lambda: subprocess.run(command, check=True, capture_output=True),
    )


JOBS: dict[str, tuple[Callable[[int, Path], tuple[Job, Job]], str, str]] = {
    **{
        f"S/MIME {what}, {name}": (partial(jobs, mail=mail, content=content), "openssl cms, two processes", "openssl")
        for name, content in (("AES-256-CBC", AES_256_CBC), ("AES-256-GCM", AES_256_GCM))
        for what, jobs in (("sign + encrypt", seal_jobs), ("bare cryptography", bare_jobs))
    },
    "PDF: attach + encrypt, AES-256 R6": (pdf_jobs, "qpdf, one process", "qpdf"),
    "PGP/MIME sign + encrypt, gpg": (partial(openpgp_jobs, mail=mail, engine="gpg"), "the gpg command", "gpg"),
    "PGP/MIME sign + encrypt, sequoia": (partial(openpgp_jobs, mail=mail, engine="sequoia"), "the gpg command", "gpg"),
    "seal an object at rest": (object_jobs, "Fernet", ""),
    "read MIME, both readers below 1 MiB": (read_jobs, "email, policy.SMTP", ""),
}


def measure(ours: Job, peer: Job, repeats: int = 1) -> tuple[tuple[float, float], tuple[float, float]]:
    """Medians of seconds, ours and the peer's, by the clock and of processor time; a small job is run `repeats` times in a
    row, as a busy worker does, and its mean counts.
    """
    times: tuple[list[tuple[float, float]], list[tuple[float, float]]] = ([], [])
    for _ in range(ROUNDS + 1):
        for which, job in enumerate((ours, peer)):
            begun, worked = time.perf_counter(), _processor()
            for _ in range(repeats):
                job()
            times[which].append(((time.perf_counter() - begun) / repeats, (_processor() - worked) / repeats))
    (ours_clock, ours_work), (peer_clock, peer_work) = (
        [statistics.median(column) for column in zip(*one[1:], strict=True)] for one in times
    )
    return (ours_clock, peer_clock), (ours_work, peer_work)


def _processor() -> float:
    """Seconds of processor time of this process and of those that it waited for."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> int:
    rows = []
    for name, (make, peer, program) in JOBS.items():
        if program and shutil.which(program) is None:
            print(f"skipped: {name}: {program} is not installed", file=sys.stderr)
            continue
        for label, size in SIZES.items():
            with tempfile.TemporaryDirectory() as folder:
                (ours, theirs), work = measure(*make(size, Path(folder)), repeats=REPEATS if size < 1024**2 else 1)
            rows.append(
                {"job": name, "size": label, "peer": peer, "ours_s": ours, "peer_s": theirs, "ratio": theirs / ours,
                 "ours_processor_s": work[0], "peer_processor_s": work[1]}
            )  # fmt: skip
            print(
                f"{name:38} {label:>7}  {theirs / ours:6.1f}x as fast as {peer}; {work[1] / work[0]:.1f}x by processor time",
                flush=True,
            )
    out = Path(__file__).parent / "results" / f"{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(rows, indent=1) + "\n")
    print(f"written: bench/results/{out.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
