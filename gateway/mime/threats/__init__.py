"""Threats by structure: what a file or link is made of, whatever it says. Pure functions over bytes and text.

`look` judges one file, for the inspector's child; `mail` judges names and links of a mail, for the worker. Nothing here
raises for content, and nothing is unpacked but a PDF's object streams and what `olefile` reads, both within bounds.
"""

from gateway.mime.threats.look import look

__all__ = ["look"]
