"""The demonstration: a process of its own that sees the gateway only from outside.

It uses the command line, SMTP, HTTP and the capture folders, as a person with two mail programs and a browser would; it
keeps what it sent itself, and nothing in the gateway knows of it. Reading order: people, letters, house, exhibition, site.
"""
