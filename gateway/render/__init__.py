"""Words that people read: notices, receipts, DSN texts, portal pages, from `templates/`."""

from gateway.render.consent import latest_version, latest_warning, warning
from gateway.render.mail import TEMPLATES, RenderedMail, Renderer

__all__ = ["TEMPLATES", "RenderedMail", "Renderer", "latest_version", "latest_warning", "warning"]
