"""The recipients' portal: one route table, strict headers. Holds no key that opens a message without a link."""
