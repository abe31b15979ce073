"""What flow needs of the world, as tiny protocols that say what each failure means."""
