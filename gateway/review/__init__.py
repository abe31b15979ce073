"""The page for staff: one route table, strict headers, nothing of a mail but what a worker sealed for this very session."""
