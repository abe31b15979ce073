"""Full-face photographs and comparable images (Q): what text says of them, and names of image files."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.recognizers.rule import Family, Rule

_IMAGE = r"(?:photo(?:graph)?s?|pictures?|images?|selfies?|headshots?|foto(?:graf[ií]a)?s?)"
_DECOR = compiled(
    r"(?i)^(?:image\d{3}\.|(?:\w*[_\-])?(?:logo|banner|icon|header|footer|signature|spacer|pixel|button|facebook|twitter|linkedin|instagram|youtube)(?:[_\-]\w*)?\.)"
)


def _decor(document: Document, start: int, end: int) -> bool:
    """Whether it is what mail programs and letterheads put into every mail."""
    return _DECOR.search(document.text[start:end]) is not None


FAMILY = Family(
    "photo",
    (
        Rule("full_face", Kind.PHOTO, rf"(?i)\b(?:full[ \-]?face|facial|face|patient'?s?|clinical|identification|id|wound|before[ \-]and[ \-]after) {_IMAGE}\b", 0.7),
        Rule("photo_of", Kind.PHOTO, rf"(?i)\b{_IMAGE} (?:of|de) (?:the |his |her |my |your |la |el |su )?(?:patient|face|child|son|daughter|wound|rash|mother|father|paciente|cara|rostro|herida)", 0.7),
        Rule("image_file", Kind.PHOTO, r"(?i)[\pL\pN_\-]+\.(?:jpe?g|png|heic|heif|tiff?|dcm|bmp|webp|raw|cr2)(?:\b|_)", 0.5, ("photo", "picture", "patient", "face", "image", "selfie"), veto=_decor),
    ),
)  # fmt: skip
