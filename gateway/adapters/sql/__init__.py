"""The database through SQLAlchemy Core: SQLite on one node, PostgreSQL for several."""
