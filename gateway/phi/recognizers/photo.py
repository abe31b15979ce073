"""Full-face photographs and comparable images (Q): what text says of them, and names of image files."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.rule import Family, Rule

_IMAGE = r"(?:photo(?:graph)?s?|pictures?|images?|selfies?|headshots?|foto(?:graf[ií]a)?s?)"

FAMILY = Family(
    "photo",
    (
        Rule("full_face", Kind.PHOTO, rf"(?i)\b(?:full[ \-]?face|facial|face|patient'?s?|clinical|identification|id|wound|before[ \-]and[ \-]after) {_IMAGE}\b", 0.7),
        Rule("photo_of", Kind.PHOTO, rf"(?i)\b{_IMAGE} of (?:the |his |her |my |your )?(?:patient|face|child|son|daughter|wound|rash|mother|father)", 0.7),
        Rule("image_file", Kind.PHOTO, r"(?i)\b[\w\-]+\.(?:jpe?g|png|heic|heif|tiff?|dcm|bmp)\b", 0.5, ("photo", "picture", "patient", "face", "image", "selfie")),
    ),
)  # fmt: skip
