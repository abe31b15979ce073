"""Web addresses (N)."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.rule import Family, Rule

_TLD = "com|org|net|edu|gov|info|biz|health|care|io|us|co|uk|de|fr|es|ca|mx"
_REST = r"(?:[^\s<>\"'|\]})]|\([^\s()<>\"]{0,40}\))*(?:[^\s<>\"'|\]})(.,;:!?]|\([^\s()<>\"]{0,40}\))"

FAMILY = Family(
    "url",
    (
        Rule("url", Kind.URL, rf"(?i)(?:\b|_)h(?:tt|xx)ps?://{_REST}|(?:\b|_)(?:s?ftps?|s3|gs|smb|file|webcal|wss?|rtsp|dicom)://{_REST}", 0.9, bounded=False, sign="://"),
        Rule("www", Kind.URL, rf"(?i)(?:\b|_)www\.[a-z0-9\-]+(?:\.[a-z0-9\-]+)+(?::\d{{1,5}})?(?:[/?#]{_REST})?", 0.85, sign="www."),
        Rule("bare_path", Kind.URL, rf"(?i)\b(?:[a-z0-9\-]+\.){{1,4}}(?:{_TLD})(?::\d{{1,5}})?[/?]{_REST}", 0.7, bounded=False),
        Rule("bare_domain", Kind.URL, rf"(?i)\b(?:[a-z0-9\-]{{2,}}\.){{1,3}}(?:{_TLD})\b", 0.2, ("website", "web", "site", "visit", "online", "portal", "page", "url")),
    ),
)  # fmt: skip
