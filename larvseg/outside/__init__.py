"""Models that come from outside: where they are fetched, and what is checked before anything is built of them."""
