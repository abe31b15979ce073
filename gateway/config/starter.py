"""The first `sealgate.toml` and `policy.toml` that `sealgate init` writes: short, commented, and loadable as they are."""

from __future__ import annotations

import re

from gateway.domain.address import normal_domain
from gateway.domain.errors import ConfigError

_CONFIG = """# Sealgate's configuration. Every key with its default and meaning: docs/reference/config.md
# Relative paths are taken from this file's directory. Secrets live in files of their own; a *_file key names each.

[practice]
id = "{id}"                               # name of this installation in keys and log; never change it
name = "{name}"
own_domains = ["{domain}"]
postmaster = "{postmaster}"
portal_url = "{portal_url}"               # where recipients reach the portal
phone = "{phone}"                         # shown to recipients who have questions
time_zone = "{time_zone}"                 # whose calendar days count

[smtp]
submission = ["{host}:{submission}"]      # STARTTLS, then a password
submissions = ["{host}:{submissions}"]    # TLS from the first byte, then a password
tls_certificate = "keys/tls.pem"
tls_key = "keys/tls.key"
# smarthost = ["10.0.0.5:25"]             # for a mail server of the practice:
# [[smtp.clients]]
# name = "mailserver"
# networks = ["10.0.0.6"]
# may_send_as = ["@{domain}"]

[inbound]
listen = ["{host}:{inbound}"]             # mail to the gateway's own addresses: bounces

[web]
listen = "{host}:{web}"
{web_tls}

# [review]                                # a page on which staff read, release and refuse held mail; off by default
# listen = "127.0.0.1:8444"               # beyond this machine with tls_certificate and tls_key

[store]
url = "sqlite:///data/sealgate.db"        # or postgresql+psycopg://user@host/name with password_file

[blobs]
url = "file:///./data/blobs"

[shelf]
url = "file:///./shelf"                   # keys that live for a day; never back this directory up with the data

[relay]
url = "{relay}"                           # the next hop: smtp+starttls://host:587, or capture:///dir to try things out
# password_file = "secrets/relay"

[notifier]
url = "{notifier}"                        # one-time codes as text messages; https://… for a provider's webhook

[keys]
dir = "keys"
# recipients = "certificates"             # ADDRESS.pem, DOMAIN.pem, ADDRESS.asc (OpenPGP) of those you write to
# trust = "certificates/authorities.pem"
archive_public = ["keys/archive-practice.pub", "keys/archive-escrow.pub"]

# [clamd]                                 # a virus scanner on this machine; policy.toml says whether it is required
# url = "unix:///run/clamav/clamd.ctl"    # clamd.conf: AlertExceedsMax yes, TemporaryDirectory on a tmpfs

[archive]
enabled = true                            # sent mail, sealed to the two keys above; their private halves go elsewhere

[policy]
file = "policy.toml"

[users]
file = "users.toml"

[audit]
head_files = ["audit-heads.jsonl"]        # better on another machine or medium

[backup]
public_key = "keys/backup.pub"            # backups are sealed to it; its private half goes elsewhere
journal_files = ["journal.jsonl"]         # what a restore replays; better on another machine or medium

[sandbox]
mode = "{sandbox}"                        # strong refuses to start without seccomp or a network namespace
"""

_POLICY = """# The practice's rules. They can ask more than the built-in ones, never less; the first that matches counts.
# Every key: docs/reference/config.md. Try a change with `sealgate policy test DIR` before it counts.

open_text = "letter"                      # link mail shows the masked letter; "notice" shows a neutral notice only
method_order = ["smime", "openpgp", "link"]
on_key_trouble = "link"                   # "hold" to wait when a certificate is expired, untrusted or out of reach

[sensitive]
need_consent = []                         # e.g. ["hiv", "mental_health"], where your State asks for it
hold = []                                 # classes that somebody at the practice reviews first

[threats]                                 # programs, macros, disguised files and links hold a mail; see config.md for each
clamd = "off"                             # "require": nothing leaves before clamd has looked at it; [clamd] names it
# macros = "allow"
# redirectors = ["links.example.org"]     # hosts through which your own tools lead the links of mail
# release = "never"                       # staff may not release such mail either

[detector]                                # how PHI is looked for; config.md tells more
allow_files = ["allowed-words.txt"]       # never a finding, a line each: `name: Graves Mill`; `sealgate suggestion accept` adds some
# placeholders = "numbered"               # redacted text tells people apart: [name-1], [name-2]
# deny = {{ other_id = ["Project Bluebird"] }}  # always a finding

# [[rule]]
# name = "whole-chart"
# when = {{ recipient_kind = ["payer", "other"], attachments_over = 10 }}
# then = {{ action = "hold" }}

# [[rule]]
# name = "insurer-by-notice"
# when = {{ recipient_kind = ["payer"] }}
# then = {{ action = "deliver", method = "link", open_text = "notice" }}

# [[rule]]
# name = "registry-masked"                # a masked copy, no letter: as good as the detector, see docs/security-model.md
# when = {{ recipient_domain = ["registry.example.org"] }}
# then = {{ action = "deliver", method = "redact", research = true }}
"""


def starter_config(
    name: str,
    domain: str,
    *,
    portal_url: str = "",
    phone: str = "",
    time_zone: str = "America/New_York",
    host: str = "127.0.0.1",
    ports: tuple[int, int, int, int] = (587, 465, 2525, 8443),
    relay: str = "capture:///./data/outbox",
    notifier: str = "capture:///./data/texts",
    sandbox: str = "strong",
) -> str:
    """The text of a first `sealgate.toml` for a practice; ports are submission, submissions, inbound and web.

    ConfigError for a name that cannot stand in a mail header, InvalidAddress for a domain that is none.
    """
    plain = normal_domain(domain)
    for value in (name, portal_url, phone, relay, notifier, host, time_zone, sandbox):
        if any(not one.isprintable() or one in '"\\' for one in value):
            raise ConfigError("names and addresses must be one line without quotation marks or backslashes")
    url = portal_url or f"https://secure.{plain}:{ports[3]}"
    tls = (
        'tls_certificate = "keys/tls.pem"\ntls_key = "keys/tls.key"'
        if url.startswith("https:")
        else "# TLS: only for https"
    )
    identity = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].rstrip("-")
    return _CONFIG.format(
        id=identity, name=name, domain=plain, postmaster=f"sealgate@{plain}", portal_url=url, phone=phone,
        time_zone=time_zone, host=host, submission=ports[0], submissions=ports[1], inbound=ports[2], web=ports[3],
        web_tls=tls, relay=relay, notifier=notifier, sandbox=sandbox,
    )  # fmt: skip


def starter_policy() -> str:
    """The text of a first `policy.toml`: the built-in rules alone, with examples to uncomment."""
    return _POLICY.format()
