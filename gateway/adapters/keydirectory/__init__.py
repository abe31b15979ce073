"""Recipients' certificates and OpenPGP keys: those that staff imported, those in a folder, and one directory that asks several."""

from gateway.adapters.keydirectory.first import FirstOf
from gateway.adapters.keydirectory.folder import FolderDirectory
from gateway.adapters.keydirectory.imported import StoreDirectory
from gateway.adapters.keydirectory.openpgp_folder import OpenPgpFolder

__all__ = ["FirstOf", "FolderDirectory", "OpenPgpFolder", "StoreDirectory"]
