"""`make bench-phi`: the detector's figures on every set at hand, side by side with a peer in the same run."""
