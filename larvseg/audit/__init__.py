"""The audit: what every printed number was made of, and whether all of it still is what it says."""
