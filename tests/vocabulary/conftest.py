import zipfile
from pathlib import Path

import pytest

from larvseg.miniature.wordnet import LEXICOGRAPHER_FILES, pack_wordnet

DEBIAN = Path("/usr/share/wordnet")


@pytest.fixture(scope="session")
def wordnet_zip(tmp_path_factory):
    path = tmp_path_factory.mktemp("wordnet") / "wordnet.zip"
    pack_wordnet(path)
    return path


@pytest.fixture(scope="session")
def wordnet(wordnet_zip):
    from larvseg.vocabulary.wordnet import WordNet

    return WordNet(wordnet_zip)


@pytest.fixture(scope="session")
def whole_wordnet(tmp_path_factory):
    """All nouns of WordNet 3.0, as Debian has them, with the two files that Debian leaves out; of the other words the headers."""
    from larvseg.vocabulary.wordnet import WordNet

    if not (DEBIAN / "data.noun").is_file():
        pytest.skip(f"no WordNet 3.0 in {DEBIAN}: apt-get install wordnet-base")
    path = tmp_path_factory.mktemp("whole") / "wordnet.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in ("data.noun", "index.noun", "noun.exc", "verb.exc", "adj.exc", "adv.exc", "cntlist.rev"):
            archive.write(DEBIAN / file, f"wordnet/{file}")
        for file in (f"{kind}.{pos}" for kind in ("data", "index") for pos in ("verb", "adj", "adv")):
            archive.writestr(f"wordnet/{file}", "".join((DEBIAN / file).read_text().splitlines(keepends=True)[:29]))
        lexnames = "".join(f"{number:02}\t{name}\t{pos}\n" for number, (name, pos) in enumerate(LEXICOGRAPHER_FILES))
        archive.writestr("wordnet/lexnames", lexnames)
        archive.writestr("wordnet/index.sense", "")
    return WordNet(path)
