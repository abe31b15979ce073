"""Claims jobs, runs the step, settles the lease."""
