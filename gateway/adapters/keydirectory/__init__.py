"""Recipients' certificates: those that staff imported, those in a folder, and one directory that asks several."""

from gateway.adapters.keydirectory.first import FirstOf
from gateway.adapters.keydirectory.folder import FolderDirectory
from gateway.adapters.keydirectory.imported import StoreDirectory

__all__ = ["FirstOf", "FolderDirectory", "StoreDirectory"]
