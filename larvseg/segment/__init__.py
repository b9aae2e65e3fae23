"""The command `larvseg segment`: which pictures, what is written of each, and what is said of those that cannot be read."""
