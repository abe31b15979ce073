"""One practice and one mail of it, in any state of the world, with faults and races; and a small model of its own.

The model knows two things only: when clear text is allowed at all, and when nothing may leave whatever the method. It
shares no code with `gateway.policy`. The stricter half of the oracle asks `decide` again at the moment at which a mail
leaves, with the facts of that moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from unittest import mock

from gateway.config.policy_file import load_policy
from gateway.domain.address import Address
from gateway.domain.decision import Action, Decision, Method
from gateway.domain.errors import KeyMissing, PermanentError, PickupRefused, SealgateError
from gateway.domain.patient import (  # fmt: skip
    ConsentEvent,
    ConsentEventType,
    ConsentKind,
    Patient,
    Phrase,
    RecipientKind,
    Restriction,
    RestrictionKind,
)
from gateway.domain.protected import Protected
from gateway.domain.records import DeliveryRow
from gateway.domain.states import DeliveryState
from gateway.flow.review import RELEASED
from gateway.policy.law import load_law
from gateway.policy.strength import weaker
from gateway.ports.relay import Consignment, Reply
from tests.support.clear_faults import Directory, failing_commit, raising, scan_trouble, sealable, sealing, swapped
from tests.support.clear_space import (
    ACKNOWLEDGED,
    ERRORS,
    FAMILIES,
    GIVEN,
    HOLD_PARTNERS,
    LATER,
    MASKED,
    NOTICE,
    PROTECTS,
    REFUSED,
    SEALERS,
    STRONG,
    WEAK,
    Fault,
    State,
    Truth,
    believe,
)  # fmt: skip
from tests.support.home import LUNCH, Home, mail
from tests.support.readable import marks_in


@dataclass
class World:
    """The house with one state in it."""

    home: Home
    number: int
    state: State
    truth: Truth = field(default_factory=Truth)
    message: str = ""
    sent_by: dict[str, str] = field(default_factory=dict)
    passes: list[str] = field(default_factory=list)
    masked: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    # Who is who

    def address(self, role: str) -> str:
        n = self.number
        return {
            "patient": f"one{n}@example.net", "elsewhere": f"two{n}@example.net", "other": f"three{n}@example.net",
            "colleague": f"four{n}@willow.example.org", "partner": f"five@clinic{n}.example.net",
            "payer": f"six@payer{n}.example.net", "stranger": f"seven{n}@example.com",
        }[role]  # fmt: skip

    @property
    def family(self) -> str:
        return FAMILIES[self.number % 8]

    @property
    def given(self) -> str:
        return GIVEN[self.number // 8 % 8]

    @property
    def mrn(self) -> str:
        return f"MRN-{8_100_000 + self.number}"

    @property
    def marks(self) -> list[str]:
        """What must not be seen in the open where it is protected."""
        return [self.family, self.mrn, "metformin", "diabetes", "naloxone", "900-45-6789"]

    def raw(self) -> bytes:
        """The mail as the sender's program wrote it."""
        state, person = self.state, f"Dear {self.given} {self.family}, {self.mrn}: "
        phi = person + "your blood test shows diabetes; take metformin."
        body = {"clean": LUNCH, "phi": phi, "sensitive": person + "your HIV test; take naloxone.",
                "nobody's": "SSN 900-45-6789 has diabetes and takes metformin."}.get(state.content, LUNCH)  # fmt: skip
        files: list[tuple[str, str, bytes]] = []
        if state.content == "file":
            files.append(("note.txt", "text/plain", phi.encode()))
        if state.content == "file name":
            files.append((f"{self.family} {self.mrn} diabetes.txt", "text/plain", b"see above"))
        if state.content == "threat":
            files.append(("menu.pdf.js", "text/plain", b"see above"))
        if state.scan in {"crash", "time-out", "inspector raises"}:
            files.append(("paper.pdf", "application/pdf", b"%PDF-1.4 nothing"))
        subject = f"{self.family} {self.mrn} diabetes" if state.content == "subject" else "News"
        headers = [f"X-Sealgate-Purpose: {state.purpose}"] if state.purpose else []
        if state.wish == "[secure]":
            subject = f"[secure] {subject}"
        elif state.wish:
            headers.append(f"X-Sealgate-Method: {state.wish}")
        shown = state.to[:-1] if self.hidden else state.to
        if self.hidden:
            headers.append(f"Bcc: {self.hidden}")
        to = [self.address(one) for one in shown]
        return mail(to, subject, body, headers=headers, files=files, number=self.number)

    # Before

    def prepare(self) -> None:
        """Register people, consents, partner and policy."""
        home, n = self.home, self.number
        emails = tuple(Address.parse(self.address(one)) for one in ("patient", "elsewhere"))
        self.person = home.patient(self.given, self.family, self.mrn, self.address("patient"))
        home.change(self.person, emails=emails, verified_addresses=frozenset(one.key for one in emails))
        self.second = home.patient(GIVEN[(n + 3) % 8], f"Zeppelin{'abcdefghij'[n % 10]}{'klmnopqrst'[n // 10 % 10]}", f"MRN-{9_100_000 + n}", self.address("other"))  # fmt: skip
        for one in self.state.consents:
            self.say(self.person, one, "patient")
        for one in self.state.other_consents:
            self.say(self.second, one, "other")
        self.restrict(self.state.restriction)
        self.truth.agreement = self.state.agreement
        if self.state.agreement != "not registered":
            self.partner = home.put_partner(
                f"Birch {n}", f"clinic{n}.example.net", **self.agreement(self.state.agreement)
            )
        home.put_partner(f"Payer {n}", f"payer{n}.example.net", kind=RecipientKind.PAYER)
        if self.state.authorized:
            self.authorize()
        self.reload(self.state.policy)
        keys = self.state.keys
        self.directory = Directory(self.state.key, keys.openpgp, keys.direct, lies=keys.lies)
        if keys.phrase:
            words = STRONG if keys.phrase == "agreed" else WEAK
            home.change(
                self.person, phrase=Phrase(Protected(words), date(2026, 1, 2), generated=keys.phrase == "agreed")
            )

    def say(self, person: Patient, what: str, role: str) -> None:
        """One row of a consent log."""
        here, elsewhere = self.address(role), self.address("elsewhere")
        kind = ConsentKind.EMAIL_UNENCRYPTED if "clear" in what else ConsentKind.EMAIL_ENCRYPTED
        kinds = list(ConsentKind)[:2] if what == "everything revoked" else [kind]
        ends = {"revoked": ConsentEventType.REVOKED, "refused": ConsentEventType.REFUSED}.get(what.split()[-1])
        address = elsewhere if what.endswith("elsewhere") else "*" if "every" in what else here
        for one in kinds:
            event = ConsentEvent(
                person.id, 0, ends or ConsentEventType.GIVEN, one, address if address == "*" else Address.parse(address).key,
                warning_version="" if "unwarned" in what else "1", given_how="paper", recorded_by="desk",
                given_on=date(2027, 1, 1) if "future" in what else date(2026, 1, 2),
                expires_on=date(2026, 2, 1) if "expired" in what else None, method="link" if "by link" in what else "*",
            )  # fmt: skip
            with self.home.store.begin() as uow:
                self.home.register.append_consent(uow, event, self.home.clock.now(), "test")
        believe(what, self.truth.clear_at if person is self.person else self.truth.other_clear_at, role)

    def restrict(self, what: str) -> None:
        """Set the patient's restrictions."""
        self.truth.restriction = what
        one = {
            "no email": Restriction(RestrictionKind.NO_EMAIL), "no partner": Restriction(RestrictionKind.NO_PARTNER),
            "no email elsewhere": Restriction(RestrictionKind.NO_EMAIL, Address.parse(self.address("elsewhere")).key),
            "no payer": Restriction(RestrictionKind.NO_PAYER),
        }.get(what)  # fmt: skip
        safe = Address.parse(self.address("elsewhere")) if what == "confidential" else None
        if what:
            self.home.change(self.person, restrictions=(one,) if one else (), confidential_address=safe)

    def authorize(self) -> None:
        """An authorization of the patient for the stranger."""
        event = ConsentEvent(
            self.person.id, 0, ConsentEventType.GIVEN, ConsentKind.AUTHORIZATION, Address.parse(self.address("stranger")).key,
            warning_version="1", given_how="paper", recorded_by="desk", given_on=date(2026, 1, 2),
            elements=tuple((one, "x") for one in load_law().authorization_elements),
        )  # fmt: skip
        with self.home.store.begin() as uow:
            self.home.register.append_consent(uow, event, self.home.clock.now(), "test")

    @staticmethod
    def agreement(what: str) -> dict[str, Any]:
        return {"baa_expires": date(2026, 2, 1)} if what == "lapsed" else {"baa_expires": date(2030, 1, 1)}

    def reload(self, what: str) -> None:
        """Another policy.toml."""
        base = (self.home.root / "policy.toml").read_text()
        text = {"acknowledged": ACKNOWLEDGED.format(f"clinic{self.number}.example.net"), "hold partners": HOLD_PARTNERS, "notice": NOTICE, "masked": MASKED}  # fmt: skip
        file = self.home.root / "policy-now.toml"
        file.write_text(base + text.get(what, ""))
        self.home.rooms.assess.policy = load_policy(file)
        self.truth.acknowledged, self.truth.hold_partners = what == "acknowledged", what == "hold partners"
        self.truth.masked = what == "masked"

    # What happens meanwhile

    def race(self, moment: str) -> None:
        """Everything that is committed at that moment."""
        for when, what in self.state.races:
            if when == moment:
                self._race(what)

    def _race(self, what: str) -> None:
        home = self.home
        if what == "revoke":
            self.say(self.person, "clear revoked", "patient")
        elif what == "revoke everything":
            self.say(self.person, "everything revoked", "patient")
        elif what == "restrict":
            self.restrict("no email")
        elif what == "policy reload":
            self.reload("hold partners")
        elif what == "policy weakened":
            self.reload("acknowledged")
        elif what == "key removed":
            self.directory.become("none")
        elif what == "key expired":
            self.directory.become("expired")
        elif what == "agreement ended" and self.truth.agreement == "good":
            self.truth.agreement = "lapsed"
            self.partner = replace(self.partner, version=self.partner.version + 1, baa_expires=date(2026, 2, 1))
            with home.store.begin() as uow:
                home.register.put_partner(uow, self.partner, home.clock.now(), "test")
        elif what == "moved away":
            home.change(self.person, emails=(Address.parse(self.address("elsewhere")),))
            self.truth.clear_at.discard("patient")
        elif what == "restricted newcomer":
            # Somebody is registered at the stranger's address only now, and wants no e-mail.
            home.patient("Ulla", f"Quill{self.number}x", f"MRN-{9_500_000 + self.number}", self.address("stranger"),
                         restrictions=(Restriction(RestrictionKind.NO_EMAIL),))  # fmt: skip

    # The two halves of the oracle

    def complete(self) -> bool:
        return self.state.scan == "whole"

    def clear_allowed(self, role: str) -> bool:
        """Whether any of it may leave readable to this recipient now."""
        state, truth = self.state, self.truth
        if state.wish in PROTECTS or not self.complete():
            return False
        if state.content == "clean":
            return True
        if state.content in {"sensitive", "threat"}:
            return False
        if (
            role == "other" and state.content == "nobody's"
        ):  # as to the patient: where nobody is named it is the reader's own
            return "other" in truth.other_clear_at and "patient" not in state.to
        if role == "patient":
            goes_to = "elsewhere" if truth.restriction == "confidential" else "patient"
            return goes_to in truth.clear_at and "other" not in state.to
        return role == "partner" and truth.acknowledged and truth.restriction in {"", "confidential"} and truth.agreement == "good"  # fmt: skip

    def masking_allowed(self, role: str) -> bool:
        """Whether a copy in which nobody can be found may leave readable to this recipient now."""
        state, truth = self.state, self.truth
        if state.wish in {*PROTECTS, "tls"} or not self.complete():
            return False
        if state.content in {"sensitive", "threat"}:
            return False
        if state.wish == "redact" and self.clear_allowed(role):
            return True
        about = state.content not in {"clean", "nobody's"} or "patient" in state.to
        restricted = about and state.content != "clean" and truth.restriction not in {"", "confidential"}
        return truth.masked and role in {"stranger", "partner"} and not restricted

    def forbidden(self, role: str) -> bool:
        """Whether nothing may leave to this recipient now, by no method and on no person's word."""
        state, truth = self.state, self.truth
        protected = state.content not in {"clean", "threat"} or not self.complete()
        recognised = state.scan not in {"scanner raises", "model missing", "matcher raises"}
        about = (state.content not in {"clean", "nobody's", "threat"} and recognised) or "patient" in state.to
        if truth.restriction == "no email" and (role == "patient" or (protected and about and role != "colleague")):
            return True
        return role == "partner" and protected and truth.agreement == "lapsed"

    def at_the_hop(self, consignment: Consignment) -> None:
        """Judge a copy at the moment at which it leaves, then let the world change."""
        try:
            self._judge_leaving(consignment)
        except Exception as error:
            self.wrong.append(f"the oracle failed: {error!r}")

    def _judge_leaving(self, consignment: Consignment) -> None:
        row = self._leaving(consignment)
        if row is None:
            return
        role = self._role(row)
        told = f"{self.state} {role}: {row.method} by {row.rule}"
        assert row.method is not None
        if row.method.keeps_bytes:
            self.passes.append(row.id)
            if not self.clear_allowed(role):
                self.wrong.append(f"clear text is not allowed: {told}")
        if row.method is Method.REDACT:
            self.masked[row.id] = role
            if not self.masking_allowed(role):
                self.wrong.append(f"a masked copy is not allowed: {told}")
        if not sealable(row, self.directory, self.state.keys):
            self.wrong.append(f"there is nothing that it could be sealed with: {told}")
        if self.forbidden(role) or (self.state.content == "threat" and row.rule != RELEASED):
            self.wrong.append(f"nothing may leave: {told}")
        fresh = self.decide_now(row)
        if row.rule == RELEASED:
            if not row.method.protects:
                self.wrong.append(f"a release in clear: {told}")
        elif fresh.action is not Action.DELIVER or fresh.method is None:
            self.wrong.append(f"policy would now say {fresh.action} {fresh.rule}: {told}")
        elif weaker(row.method, fresh.method):
            self.wrong.append(f"policy would now say {fresh.method}: {told}")
        elif fresh.target.key != str(consignment.recipient).casefold():
            self.wrong.append(f"policy would now send it elsewhere: {told}")
        self.sent_by[row.id] = row.method.value
        self.race("attempted")

    def _leaving(self, consignment: Consignment) -> DeliveryRow | None:
        if consignment.sender is None and consignment.sender_text is None:
            return None
        with self.undisturbed() as uow:
            rows = uow.deliveries.of_message(self.message)
        moving = [one for one in rows if one.state is DeliveryState.SENDING]
        found = [one for one in moving if self._decided(one).target.key == consignment.recipient.key]
        return found[0]

    def _decided(self, row: DeliveryRow) -> Any:
        decisions = self.home.rooms.dispatch._decisions
        return decisions.verified(row, decisions.kept_scan(self._message())[1])

    def _message(self) -> Any:
        with self.undisturbed() as uow:
            return uow.messages.get(self.message)

    def undisturbed(self) -> Any:
        """A transaction that no fault of the test meets."""
        return type(self.home.store).begin(self.home.store)

    def _role(self, row: DeliveryRow) -> str:
        recipient = self._decided(row).recipient.key
        return next(one for one in self.state.to if self.address(one) == recipient)

    def decide_now(self, row: DeliveryRow) -> Decision:
        """What `decide` says with the facts of this moment."""
        home, at = self.home, self.home.clock.now()
        assess = home.rooms.assess
        summary, _ = assess._decisions.kept_scan(self._message())
        decided = self._decided(row)
        keys = self.directory.facts(decided.target, at)
        with self.undisturbed() as uow:
            standing = assess._facts.standing(uow, decided.recipient, assess._facts.day(at))
            about = summary.about(one for one, _ in row.basis.patients)
            return assess.decide(uow, about, (), assess.postmaster, [standing], [keys], at)[0]  # fmt: skip

    # The road

    def run(self) -> None:
        """The mail's whole life."""
        home = self.home
        home.sql("DELETE FROM jobs")  # what an earlier state left waiting is not looked at any more
        for old in home.hop_folder.iterdir():
            old.unlink()
        home.rooms.worker.do_duties()
        self.prepare()
        home.hop.before = self.at_the_hop
        home.hop.answers = {"*": self._replies()} if self.state.relay else {}
        facts, reader = home.rooms.assess._facts, home.rooms.assess._reader
        with ExitStack() as stack:
            stack.enter_context(sealing(self.home, self.directory, self.state.keys))
            stack.enter_context(swapped(facts, "directory", self.directory))
            stack.enter_context(scan_trouble(self.state.scan, reader))
            self.message = home.submit(self.raw(), [self.address(one) for one in self.state.to])
            self.step("assess")
            self.race("decided")
            self.step("dispatch")
            home.hop.answers = {}
            for _ in range(4):
                home.clock.advance(400)
                self.step("all", broken=False)
            self.race("held")
            self.release()
            self.step("all", broken=False)
        home.hop.before = lambda _: None

    def _replies(self) -> list[Reply]:
        table = {"later": LATER, "refused": REFUSED}
        return [table[one] for one in self.state.relay]

    def step(self, kind: str, *, broken: bool = True) -> None:
        """Run what is due; whatever escapes ends this try, as a thread of the worker would take it."""
        fault = self.state.fault
        with ExitStack() as stack:
            if broken and fault.what and fault.step == kind:
                stack.enter_context(self.trouble(fault))
            with suppress(SealgateError, AssertionError, ValueError, OSError, RuntimeError, MemoryError):
                if kind == "all":
                    self.home.work()
                else:
                    self.home.run_job(kind)

    def release(self) -> None:
        """A person lets go everything that waits."""
        for row in self.home.deliveries(self.message):
            if row.state is DeliveryState.HELD:
                with suppress(PermanentError, SealgateError, OSError, TimeoutError):
                    self.home.rooms.review.release(row.id, "ann", "looks fine")

    @contextmanager
    def trouble(self, fault: Fault) -> Iterator[None]:
        """The fault, while it lasts."""
        if fault.what == "store":
            with failing_commit(self.home, fault.number):
                yield
        elif fault.what == "blob":
            for path in (self.home.root / "data" / "blobs").rglob(self.message):
                whole, middle = path.read_bytes(), path.stat().st_size // 2
                flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
                path.write_bytes((whole[:-1], flipped, whole + b"\0", b"")[fault.detail % 4])
            yield
        elif fault.what == "shelf":
            with mock.patch("gateway.flow.epochs.private", side_effect=KeyMissing("the key of the epoch is gone")):
                yield
        else:
            with raising(SEALERS[fault.detail % len(SEALERS)], ERRORS[fault.number % len(ERRORS)]):
                yield

    # After

    def judge(self) -> set[str]:
        """Everything that the next hop took, looked through. Returns the fates, for the count of what was seen."""
        home = self.home
        assert not self.wrong, "; ".join(self.wrong)
        own = f"X-Sealgate-Id: {self.message}".encode()
        rows = {one.id: one for one in home.deliveries(self.message)}
        may_be_read = Counter(self._decided(rows[one]).target.key for one in self.passes)
        tells = {self._decided(rows[one]).target.key: self.matters(role) for one, role in self.masked.items()}
        for sent in home.sent():
            of_this = own in sent.raw.split(b"\r\n\r\n", 1)[0]
            seen = marks_in(sent.raw, [*self.marks, *([self.hidden] if self.hidden and of_this else [])])
            if self.hidden in seen:
                # The one who was written in Bcc may find the own address on the own copy.
                assert sent.recipient == self.hidden, f"Bcc is shown to {sent.recipient}: {self.state}"
                seen.discard(self.hidden)
            if of_this and "/m/" not in sent.text:
                seen -= tells.get(sent.recipient, set())
            if seen and of_this and may_be_read[sent.recipient]:
                may_be_read[sent.recipient] -= 1
                continue
            assert not seen, f"{seen} in the open to {sent.recipient}: {self.state}"
        fates = {one.method.value if one.method else one.action.value for one in rows.values()} or {"nothing"}
        return fates | self.reveal(rows)

    def matters(self, role: str) -> set[str]:
        """The matters of health that a masked copy may tell: none, where an address on it is of somebody on the register."""
        shown = {*self.state.to, role} if not self.hidden else {*self.state.to[:-1], role}
        return set() if shown & {"patient", "other"} else {"metformin", "diabetes"}

    @property
    def hidden(self) -> str:
        """The address that stands in Bcc only; empty if none does."""
        return self.address(self.state.to[-1]) if self.state.hidden and len(self.state.to) > 1 else ""

    def reveal(self, rows: dict[str, DeliveryRow]) -> set[str]:
        """Try to open one link, after what was committed before it."""
        home = self.home
        links = [one for one in rows.values() if one.state is DeliveryState.DELIVERED and one.method is Method.LINK]
        for row in links[:1]:
            target = self._decided(row).target.key
            found = [one for one in home.sent() if one.recipient == target and "/m/" in one.text]
            self.race("delivered")
            fresh = self.decide_now(row) if any(when == "delivered" for when, _ in self.state.races) else None
            try:
                home.prove(found[-1].token())
            except (PickupRefused, ValueError, AssertionError):
                continue
            gone = fresh is not None and fresh.action is not Action.DELIVER and row.rule != RELEASED
            assert not gone, f"revealed although policy now says {fresh}: {self.state}"
            return {"opened"}
        return set()
