"""Text out of documents, for the inspector child: one table kind -> reader, each imported only when it is needed.

Pure functions over bytes: nothing is written to disk, nothing is fetched. What cannot be read is a gap.
"""

from gateway.mime.documents.budget import Budget
from gateway.mime.documents.table import read

__all__ = ["Budget", "read"]
