"""How a job is kept apart: what its process takes from itself before any of the job's code runs."""
