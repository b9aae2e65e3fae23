"""A rehearsal of the paper profile: every rule for real, with small archives of the official form, before a cluster tries it."""


def main(resume: bool = False) -> None:
    """Rehearse the project in the working directory (`larvseg rehearse`); LarvSegError if a rule failed or did not run."""
    from larvseg.rehearsal.run import rehearse

    rehearse(resume=resume)
