"""Words that people read: notices, receipts, DSN texts, portal pages, from `templates/`."""
