"""Facts in, one decision per recipient out: total, pure, and explained in words."""
