"""The worker role, put together: it opens, decides, seals and relays. The inspector's launcher starts before any key is read."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

from gateway.adapters.clock import SteadyClock
from gateway.adapters.journal import extend
from gateway.adapters.relay import RelayOptions, choose_relay
from gateway.app import openpgp_method, outside
from gateway.app.addresses import own_addresses, own_host
from gateway.app.direct_road import confirmations, sealed_direct
from gateway.app.dkim_files import dkim_keys
from gateway.app.installation import Installation
from gateway.app.sealed import sealing
from gateway.app.sealers import pdf_sealer
from gateway.app.unsealed import unsealing
from gateway.config.rooms import CONNECT_SECONDS, WAIT_SECONDS, RelaySection
from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind
from gateway.domain.decision import Method
from gateway.domain.records import DeliveryRow, JobKind
from gateway.flow.ages import Ages
from gateway.flow.assess import Assess, Times
from gateway.flow.attempts import Attempts
from gateway.flow.attempts import Pace as Tries
from gateway.flow.audit_fold import AuditFolder
from gateway.flow.carry import Carry
from gateway.flow.carry_inside import CarryInside
from gateway.flow.codes import Codes
from gateway.flow.compose import Compose, Sealer, Words
from gateway.flow.custody import Custody
from gateway.flow.decisions import Decisions
from gateway.flow.desk_work import DeskWork
from gateway.flow.dispatch import Dispatch
from gateway.flow.done_again import Again
from gateway.flow.epochs import Calendar
from gateway.flow.facts import Facts
from gateway.flow.forget import Forget, Terms
from gateway.flow.forgotten_again import ForgottenAgain
from gateway.flow.head_mail import HeadMail
from gateway.flow.inbound import Inbound
from gateway.flow.inside_screen import InsideScreen
from gateway.flow.journal import Journal
from gateway.flow.measure import Measure
from gateway.flow.notices import Notices
from gateway.flow.parcels import Parcels
from gateway.flow.pickup_rules import POLICY
from gateway.flow.reading import Quick, Reader
from gateway.flow.recheck import Recheck
from gateway.flow.redacting import Redacting
from gateway.flow.reissue import Reissue
from gateway.flow.replay import Replay
from gateway.flow.requests import ConsentRequests
from gateway.flow.restored import Reopen
from gateway.flow.retain import Retain
from gateway.flow.review import Review
from gateway.flow.sealed_openpgp import SealedOpenPgp
from gateway.flow.settle import Settle
from gateway.flow.signed_relay import Seals, SignedRelay
from gateway.flow.tell import Tell
from gateway.flow.timekeeping import Timekeeping
from gateway.mime.limits import Limits
from gateway.policy.law import load_law
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.relay import Relay
from gateway.ports.store import UnitOfWork
from gateway.render.consent import latest_version, warning
from gateway.seal.heads import Kept
from gateway.worker.loop import Pace, Step, Worker

_DUTIES_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Rooms:
    """The worker's steps, for the loop and for commands that need one of them."""

    worker: Worker
    reader: Reader
    assess: Assess
    dispatch: Dispatch
    settle: Settle
    review: Review
    recheck: Recheck
    reissue: Reissue
    codes: Codes
    retain: Retain
    calendar: Calendar
    relays: tuple[Relay, ...]
    replay: Callable[[], Replay]
    """What does again what the journal outside tells: for a restore."""
    reopen: Callable[[Collection[str]], Reopen]
    """What puts a restored database in order, given the names of its objects."""

    def note_policy(self, home: Installation, version: str) -> None:
        """Record that a policy was loaded, or, with an empty version, that a bad file was passed over."""
        kind = EventKind.POLICY_LOADED if version else EventKind.POLICY_REJECTED
        with home.store().begin() as uow:
            uow.audit.append(Event(kind, data={"version": version}), home.clock.now())
        if version:
            self.tell_policy(home)

    def tell_policy(self, home: Installation) -> None:
        """Let the portal know by which policy this worker decides: a link decided by another one is judged again."""
        with home.store().begin() as uow:
            uow.set_setting(POLICY, self.assess.policy.version)

    def close(self) -> None:
        """Sign off and drop the relays' connections."""
        self.calendar.leave()
        for one in self.relays:
            one.close()


def build(home: Installation, reached: Checkpoint = unobserved) -> Rooms:
    """Everything a worker does, in the order in which it depends on each other."""
    settings, clock, tokens = home.settings, home.clock, home.tokens
    reader = home.reader()
    store, vault, keys = home.store(), home.vault(), home.worker_keys()
    facts, policy, renderer = home.facts(), home.policy(), home.renderer()
    practice, times = settings.practice, settings.worker
    host = own_host(home)
    words = Words(practice.name, practice.phone, practice.portal_url, host)
    relay, internal, unsigned = roads(home)
    addresses = own_addresses(home)
    limits = Limits(settings.smtp.limits.message_bytes)

    custody = Custody(store, vault, keys)
    decisions = Decisions(keys)
    notices = Notices(keys.columns, tokens, Address.parse(str(practice.postmaster)))
    asks = ConsentRequests(
        store, keys, facts.register, notices, clock, tokens, times.consent, latest_version(), warning, facts.day,
        reached,
    )  # fmt: skip
    redacting = Redacting(reader, home.inspector(), lambda: assess.policy.redaction.numbered)
    assess = Assess(
        store=store, vault=vault, custody=custody, decisions=decisions, reader=reader, facts=facts, policy=policy,
        notices=notices, requests=asks, redacting=redacting, clock=clock, tokens=tokens, host=host, reached=reached, metrics=home.metrics(),
        lacks_signer=home.own().signers().lacking,
        quick=Quick(settings.sandbox.quick_bytes, settings.sandbox.quick.total_seconds()),
        times=Times(times.hold, times.consent, times.stuck, times.reminders),
    )  # fmt: skip
    parcels = Parcels(
        store, vault, custody, keys, clock, tokens, limits, settings.parcel.expiry, reached,
        reissue=settings.parcel.reissue,
    )  # fmt: skip
    direct, confirmed = sealed_direct(home, addresses), confirmations(home, reader, notices)
    compose = Compose(
        parcels=parcels, signers=home.own().signers(),
        facts=facts, reader=reader, renderer=renderer, law=load_law(), words=words, limits=limits, random=tokens.secret,
        redacting=redacting, sealing=sealing(settings.seal), direct=direct.seal if direct is not None else None,
        sealers={**sealers(home, facts), Method.PDF: pdf_sealer(home, parcels, keys, words, limits, reached)},
    )  # fmt: skip
    watch = outside.log_watch(home)
    tries = Tries(times.backoff, times.give_up, times.hold, settings.parcel.reminders)
    attempts = Attempts(
        store,
        notices,
        clock,
        tokens,
        tries,
        home.metrics(),
        confirmed.begin if confirmed is not None else _waits_for_nothing,
    )
    dispatch = Dispatch(
        store=store, vault=vault, custody=custody, decisions=decisions, reader=reader, facts=facts, assess=assess,
        compose=compose, relay=relay, attempts=attempts, notices=notices, clock=clock, tokens=tokens,
        bounce_address=addresses.bounce, direct_address=direct.reverse_path if direct is not None else None,
        watch=watch.check, reached=reached,
    )  # fmt: skip
    settle = Settle(store, vault, custody, parcels, notices, clock, times.stuck, reached)
    tell = Tell(
        store, internal, renderer, notices, asks, parcels, keys, clock, words, facts.zone, times.backoff, times.give_up,
        reached,
    )  # fmt: skip
    codes = Codes(
        store, internal, home.notifier(), renderer, facts.register, asks, keys, clock, tokens, words, notices.postmaster,
        settings.parcel.code_life, settings.limits.codes_per_address, reached, home.metrics(),
    )  # fmt: skip
    carry = Carry(
        store, vault, custody, decisions, reader, keys, notices, attempts, settle, internal, renderer, words, facts.zone,
        frozenset(practice.own_domains), addresses.bounce, lambda: assess.policy.threats, times.hold, clock, tokens,
        watch.check, reached,
    )  # fmt: skip
    recheck = Recheck(store, assess, decisions, facts, parcels, notices, clock, times.hold)
    reissue = Reissue(store, parcels, notices, keys, clock)
    inside = CarryInside(
        store, custody, decisions, unsealing(home, renderer), attempts, unsigned, addresses.bounce,
        home.harvested_keys() if settings.inbound.harvest else None,
        InsideScreen(store, vault, decisions, reader, notices, lambda: assess.policy.threats, times.hold, clock, tokens),
        settings.inbound.screen, clock, tokens, watch.check, reached,
    )  # fmt: skip
    inbound = Inbound(
        store, vault, custody, reader, addresses, notices, parcels, settle, inside, clock, tokens, reached, confirmed
    )
    calendar = Calendar(store, keys, clock, tokens, tokens.id(), settings.keys.epoch, reached)
    folder = AuditFolder(
        store, clock, keys.sign, lambda head: outside.publish(home, Kept(head)), settings.audit.every_rows,
        round(settings.audit.every.total_seconds()),
    )  # fmt: skip
    ages = Ages(store, settle, clock, unread=times.stuck, on_its_way=times.give_up + times.stuck)
    forget = Forget(store, settle, clock, Terms(settings.retention.messages, settings.retention.archive))
    retain = Retain(
        store, vault, custody, keys, parcels, calendar, settle, folder, watch, facts, ages, forget, clock, reached
    )
    review = Review(store, assess, decisions, settle, facts, clock, times.hold)
    desk = DeskWork(store, vault, custody, decisions, reader, review, keys, clock, tokens, reached)
    steps: dict[JobKind, Step] = {
        JobKind.ASSESS: lambda job, _: assess.run(job),
        JobKind.ASSESS_LONG: lambda job, _: assess.run(job),
        JobKind.DISPATCH: dispatch.run,
        JobKind.SETTLE: lambda job, _: settle.run(job),
        JobKind.EXPIRE: lambda job, _: settle.expire(job),
        JobKind.REMIND: lambda job, _: settle.remind(job),
        JobKind.REMIND_RECIPIENT: lambda job, _: reissue.remind(job),
        JobKind.INBOUND: inbound.run,
        JobKind.SEND_CODE: codes.run,
        JobKind.SEND_NOTICE: tell.run,
        JobKind.RECHECK: lambda job, _: recheck.run(job),
        JobKind.ANSWER: carry.run,
        JobKind.CONSENT_ANSWER: lambda job, _: asks.take_answer(job),
        JobKind.DESK: lambda job, _: desk.run(job),
    }
    pace = Pace(
        times.threads, times.lease.total_seconds(), times.poll.total_seconds(), _DUTIES_SECONDS,
        settings.relay.final.total_seconds(), long_threads=settings.sandbox.long_children,
    )  # fmt: skip
    head_mail = HeadMail(store, notices, clock, settings.audit.head_mail, settings.audit.head_mail_every)
    journal = Journal(store, custody, notices, keys, [partial(extend, path) for path in settings.backup.journal_files])
    greatest = max(times.hold, times.consent, times.stuck, times.give_up, settings.parcel.max_expiry)
    timekeeping = (
        (Timekeeping(store, clock, max(timedelta(days=1), *times.backoff), greatest, times.lease).keep,)
        if isinstance(clock, SteadyClock) else ()
    )  # fmt: skip
    duties = (
        *timekeeping,
        *retain.duties(),
        head_mail.mail,
        journal.copy,
        Measure(store, home.metrics()).look,
        *((confirmed.look,) if confirmed is not None else ()),
    )
    worker = Worker(store, clock, steps, duties, pace, lambda job, code: settle.stick(job, code, times.stuck))

    def replay() -> Replay:
        return Replay(store, journal, Again(decisions, parcels, keys), parcels, facts.register)

    def reopen(blobs: Collection[str]) -> Reopen:
        forgotten = ForgottenAgain(store, parcels, settle, clock)
        return Reopen(
            store, custody, parcels, notices, settle, calendar, retain, forgotten, keys, clock, times.hold, blobs
        )  # fmt: skip

    return Rooms(
        worker,
        reader,
        assess,
        dispatch,
        settle,
        review,
        recheck,
        reissue,
        codes,
        retain,
        calendar,
        (relay, internal),
        replay,
        reopen,
    )


def sealers(home: Installation, facts: Facts) -> dict[Method, Sealer]:
    """What makes the methods that not every installation has."""
    if not facts.openpgp:
        return {}
    hidden = home.settings.openpgp.hidden_recipients
    openpgp = SealedOpenPgp(facts.directory, openpgp_method.engine(home.settings), home.tokens.secret, hidden)
    return {Method.OPENPGP: openpgp}


def _waits_for_nothing(uow: UnitOfWork, row: DeliveryRow, at: datetime) -> None:
    del uow, row, at


def relays(home: Installation) -> tuple[Relay, Relay]:
    """The next hop, and the one for the gateway's own mail."""
    one = home.settings.relay
    seconds = one.timeout.total_seconds()
    options = RelayOptions(
        hostname=one.helo or own_host(home), connections=one.connections, command_seconds=seconds, chunk_seconds=seconds,
        connect_seconds=CONNECT_SECONDS, wait_seconds=WAIT_SECONDS, final_seconds=one.final.total_seconds(),
    )  # fmt: skip
    relay = choose_relay(_with_files(one.url, one), options)
    return relay, choose_relay(_with_files(one.internal, one), options) if one.internal else relay


def roads(home: Installation) -> tuple[Relay, Relay, Relay]:
    """Both next hops behind our DKIM keys, and the one inside without them: it is for mail from outside, since our signature
    vouches for no stranger's From.
    """
    relay, internal = relays(home)
    outwards, inwards = signed(home, relay, internal)
    return outwards, inwards, internal


def signed(home: Installation, *relays: Relay) -> tuple[Relay, ...]:
    """The relays behind our DKIM keys, if there are any; two names of one relay stay one."""
    seals = Seals(dkim_keys(home.settings.dkim))
    if not seals.keys:
        return relays
    made = {id(one): SignedRelay(one, seals, home.vault(), home.clock, home.tokens) for one in relays}
    return tuple(made[id(one)] for one in relays)


def _with_files(url: str, one: RelaySection) -> str:
    """The relay's URL with user, password file and authorities as its query; they belong to `[relay] url` alone."""
    parts = urlsplit(url)
    if not parts.scheme.startswith("smtp"):
        return url
    query = {"ca": str(one.ca_file)} if one.ca_file else {}
    if parts.username and one.password_file:
        query |= {"user": unquote(parts.username), "password_file": str(one.password_file)}
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "&".join(filter(None, (parts.query, urlencode(query)))), ""))
