"""Key shelves: short-lived keys, outside every data backup."""
