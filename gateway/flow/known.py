"""What the journal told a restore: filled row by row (`done_again`), read when work in hand is put in order (`restored`)."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.domain.register_rows import ConsentRow, PartnerRow, PatientRow


@dataclass(slots=True)
class Known:
    """What the journal told. Ids only."""

    rows: int = 0
    delivered: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    epochs: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    """Deliveries that were being sent, and of which no answer is known."""
    made: dict[str, str] = field(default_factory=dict)
    """Parcels of after the backup, which are gone, with their deliveries."""
    opened: set[str] = field(default_factory=set)
    patients: dict[str, PatientRow] = field(default_factory=dict)
    partners: dict[str, PartnerRow] = field(default_factory=dict)
    consents: list[ConsentRow] = field(default_factory=list)
    forgotten: set[str] = field(default_factory=set)
    """Messages of which only the log was left."""
    archives_ended: set[str] = field(default_factory=set)
    """Messages whose archived copy met its end."""
    broken: set[str] = field(default_factory=set)
    """Chains of the log with a row that could not be put back: messages, patients."""
    unreplayed: list[str] = field(default_factory=list)
