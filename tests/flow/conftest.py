"""Nothing here is about what a disk keeps: folders are in memory."""

from tests.support.in_memory import tmp_path_factory  # noqa: F401 - a fixture
