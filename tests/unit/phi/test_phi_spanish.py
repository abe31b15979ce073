"""Spanish: names, addresses, dates, telephones and numbers are masked whole; health words make health context."""

from __future__ import annotations

import pytest

from gateway.domain.finding import Kind, TextPart
from gateway.phi.scan import Scanner

MASKED: list[tuple[str, str]] = [
    ("La paciente María José García López llegó tarde.", "María José García López"),
    ("Paciente: José Luis Hernández Martínez", "José Luis Hernández Martínez"),
    ("El Sr. Juan Carlos Pérez Gómez llamó ayer.", "Juan Carlos Pérez Gómez"),
    ("La Sra. Ana de la Cruz Robles pide una cita.", "Ana de la Cruz Robles"),
    ("Dr. Ramón Ibáñez Soto", "Ramón Ibáñez Soto"),
    ("La Dra. Lucía Fernández la atendió.", "Lucía Fernández"),
    ("Nombre: Guadalupe Ramírez Ortiz", "Guadalupe Ramírez Ortiz"),
    ("Nombre del paciente: Ángel Núñez Peña", "Ángel Núñez Peña"),
    ("Estimada Sra. Castañeda:", "Castañeda"),
    ("Estimado Luis Ángel:", "Luis Ángel"),
    ("Hola Rosario, tu receta está lista.", "Rosario"),
    ("Atentamente,\nMónica Vázquez", "Mónica Vázquez"),
    ("Me llamo Concepción Aguilar Ríos.", "Concepción Aguilar Ríos"),
    ("Mi hijo Mateo Quiroga tiene fiebre.", "Mateo Quiroga"),
    ("El paciente Víctor Manuel del Río Salas fue dado de alta.", "Víctor Manuel del Río Salas"),
    ("García Lorca, Federico", "García Lorca, Federico"),
    ("Srta. Inés Zúñiga", "Inés Zúñiga"),
    ("Don Ernesto Villalobos vino con su hija.", "Ernesto Villalobos"),
    ("Doña Carmen Ordóñez", "Carmen Ordóñez"),
    ("Madre: Yolanda Gutiérrez de Salinas", "Yolanda Gutiérrez de Salinas"),
    ("Domicilio: Calle Reforma 123, Col. Centro, C.P. 06000", "Reforma 123, Col. Centro"),
    ("Su casa: Calle Reforma 123, Col. Centro, C.P. 06000", "06000"),
    ("Vive en Avenida Insurgentes 4500, piso 3.", "Avenida Insurgentes 4500, piso 3"),
    ("Dirección: Av. Juárez No. 45, Apto. 2", "Av. Juárez No. 45, Apto. 2"),
    ("Calle 5 de Mayo #17, Puebla", "Calle 5 de Mayo #17"),
    ("Paseo de la Reforma número 222", "Paseo de la Reforma número 222"),
    ("Calle de Alcalá 10, 3º B, 28014 Madrid", "Alcalá 10"),
    ("Blvd. Agua Caliente 1020, Tijuana", "Agua Caliente 1020"),
    ("C.P. 03100", "03100"),
    ("Código postal: 44100", "44100"),
    ("Nació el 3 de mayo de 1956.", "3 de mayo de 1956"),
    ("Fecha de nacimiento: 03/05/1956", "03/05/1956"),
    ("Fecha de nacimiento: 3 de mayo del 2016", "3 de mayo del 2016"),
    ("F. nac.: 12-11-1978", "12-11-1978"),
    ("Ingreso: 14 de febrero de 2026", "14 de febrero de 2026"),
    ("Alta el 1 de marzo de 2026.", "1 de marzo de 2026"),
    ("La cirugía fue el 22 de agosto.", "22 de agosto"),
    ("Cita: 03/05/2026 a las 9:00", "03/05/2026"),
    ("Consulta del 5 de septiembre de 2025", "5 de septiembre de 2025"),
    ("Nacido el 31/12/1949", "31/12/1949"),
    ("Teléfono: 55 5555 0134", "55 5555 0134"),
    ("Tel. (212) 555-0134", "(212) 555-0134"),
    ("Celular: 212-555-0177", "212-555-0177"),
    ("Llámeme al 212 555 0199.", "212 555 0199"),
    ("Fax: (212) 555-0111", "(212) 555-0111"),
    ("Correo: maria.lopez@example.org", "maria.lopez@example.org"),
    ("Expediente: 4650146", "4650146"),
    ("Número de expediente 00482913", "00482913"),
    ("Expediente clínico no. 883201", "883201"),
    ("Póliza: ABC123456789", "ABC123456789"),
    ("Número de seguro social: 912-34-5678", "912-34-5678"),
    ("NSS: 12345678901", "12345678901"),
    ("CURP: GOPL560503MDFRRN09", "GOPL560503MDFRRN09"),
    ("Licencia de conducir: D1234567", "D1234567"),
    ("Tiene 94 años de edad.", "94"),
    ("La paciente de 97 años vive sola.", "97"),
]  # fmt: skip
HEALTH = [
    "diabetes tipo 2", "hipertensión", "presión arterial", "embarazo", "análisis de sangre", "receta médica", "VIH", "depresión", "quimioterapia", "asma", "biopsia", "cirugía", "fractura", "fiebre",
    "resonancia magnética", "mamografía", "anticonceptivos", "neumonía", "alergia", "insulina", "radiografía", "infarto", "epilepsia", "tiroides",
]  # fmt: skip
ORDINARY = [
    "Hola a todos:\n\nLa junta es el martes a las diez en la sala 4.\n\nSaludos,\nMónica",
    "Nuestra campaña de vacunación empieza el lunes 6 de octubre. Traiga su credencial.",
    "Recuerde lavarse las manos. La influenza se transmite por el aire.",
    "Taller de diabetes para la comunidad: todos los jueves, entrada libre.",
]


@pytest.mark.parametrize(("text", "span"), MASKED, ids=[text[:40] for text, _ in MASKED])
def test_a_span_is_masked_whole(scanner: Scanner, text: str, span: str) -> None:
    report = scanner.scan([TextPart("body.plain", text)])
    masked = {at for one in report.findings if one.kind.identifies for at in range(one.start, one.end)}
    start = text.index(span)
    missed = "".join(text[at] for at in range(start, start + len(span)) if text[at].isalnum() and at not in masked)
    assert missed == ""


@pytest.mark.parametrize("term", HEALTH)
def test_a_health_word_makes_a_named_person_phi(scanner: Scanner, term: str) -> None:
    report = scanner.scan([TextPart("body.plain", f"El paciente Juan Carlos Pérez Gómez: {term}.")])
    assert report.health_context
    assert report.phi
    assert any(one.kind is Kind.HEALTH_TERM for one in report.findings)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_spanish_mail_is_not_phi(scanner: Scanner, text: str) -> None:
    assert not scanner.scan([TextPart("body.plain", text)]).phi
