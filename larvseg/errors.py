"""Errors that are meant for people: one line that says what is wrong, where, and what to do."""


class LarvSegError(Exception):
    """An error the command line prints as `error: <message>` and answers with exit status 1."""
