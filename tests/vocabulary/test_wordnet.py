import shutil
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import psutil
import pytest

from larvseg.errors import LarvSegError
from larvseg.miniature.wordnet import IRREGULAR_PLURALS, pack_wordnet
from larvseg.vocabulary.resolution import categories, spellings
from larvseg.vocabulary.synsets import IMAGENET, Synset, imagenet_synsets
from larvseg.vocabulary.wordnet import WordNet


def test_the_committed_synsets_are_those_of_timm():
    folder = Path(distribution("timm").locate_file("timm/data/_info"))  # importing it would take seconds
    tables = []
    for name in ("lemma", "definition"):
        lines = (folder / f"imagenet_synset_to_{name}.txt").read_text(encoding="utf-8").splitlines()
        tables.append(dict(line.split("\t") for line in lines))
    wnids = (folder / "imagenet22k_synsets.txt").read_text(encoding="utf-8").split()
    synsets = imagenet_synsets()
    assert list(synsets) == wnids == sorted(wnids) and len(wnids) == 21841
    assert [(", ".join(synset.lemmas), synset.gloss) for synset in synsets.values()] == [tuple(t[w] for t in tables) for w in wnids]


def test_the_committed_file_names_no_time_and_no_file():
    flags, time = IMAGENET.read_bytes()[3], IMAGENET.read_bytes()[4:8]
    assert flags == 0 and time == bytes(4)


def test_a_damaged_list_of_synsets_is_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.setattr("larvseg.vocabulary.synsets.IMAGENET", tmp_path / "imagenet21k.tsv.gz")
    (tmp_path / "imagenet21k.tsv.gz").write_bytes(IMAGENET.read_bytes()[:1000])
    with pytest.raises(LarvSegError, match="imagenet21k.tsv.gz.*version control"):
        imagenet_synsets.__wrapped__()


def test_each_synset_is_found_at_its_true_offset(wordnet_zip):
    with zipfile.ZipFile(wordnet_zip) as archive:
        assert archive.testzip() is None
        data = archive.read("wordnet/data.noun")
    for wnid, synset in imagenet_synsets().items():
        offset = int(wnid[1:])
        assert data[offset : offset + 9] == f"{offset:08} ".encode()
        line = data[offset : data.index(b"\n", offset)].decode()
        assert line.split(" | ")[1].strip() == synset.gloss  # there is room for all of it
    assert len(data) < 16 * 2**20 and wordnet_zip.stat().st_size < 2 * 2**20


def test_packing_is_deterministic(tmp_path):
    synsets = {wnid: synset for wnid, synset in imagenet_synsets().items() if wnid < "n00500000"}
    for name, order in (("one.zip", list(synsets)), ("two.zip", list(synsets)[::-1])):
        pack_wordnet(tmp_path / name, {wnid: synsets[wnid] for wnid in order})
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_nltk_reads_it_where_it_looks_for_wordnet(wordnet_zip, tmp_path, monkeypatch):
    import nltk
    from nltk.corpus.reader.wordnet import WordNetCorpusReader

    (tmp_path / "corpora").mkdir()
    shutil.copy(wordnet_zip, tmp_path / "corpora/wordnet.zip")
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    with pytest.warns(UserWarning, match="multilingual"):
        reader = WordNetCorpusReader(nltk.data.find("corpora/wordnet.zip/wordnet/"), None)
    assert [synset.offset() for synset in reader.synsets("pool_table", "n")] == [3982430]
    assert reader.morphy("potatoes", "n") == "potato"
    assert reader.synset_from_pos_and_offset("n", 2958343).lemma_names() == ["car", "auto", "automobile", "machine", "motorcar"]


def test_forms_lemmas_and_kinds(wordnet):
    assert wordnet.find("pool_table") == wordnet.find("Pool_Tables") == ("n03982430",)
    assert wordnet.find("stairs") == ("n04314914",)  # step, stair
    assert "n13864035" in wordnet.find("bulbs") and wordnet.find("no_such_word") == ()
    assert wordnet.lemmas("n04459362") == ("towel",)
    assert [wordnet.lexicographer_file(wnid) for wnid in ("n02958343", "n13104059", "n14564779")] == ["artifact", "plant", "state"]
    with pytest.raises(LarvSegError, match="n00000001"):
        wordnet.lemmas("n00000001")


def test_a_selection_of_synsets_knows_no_sense_numbers(wordnet):
    assert wordnet.named("wall.n.01") is None and wordnet.named("wall") is None


def test_all_of_wordnet_says_the_same_of_imagenets_synsets(wordnet, whole_wordnet):
    for wnid in list(imagenet_synsets())[::20]:
        assert whole_wordnet.lemmas(wnid) == wordnet.lemmas(wnid) == imagenet_synsets()[wnid].lemmas
        assert whole_wordnet.lexicographer_file(wnid) == wordnet.lexicographer_file(wnid)
    assert whole_wordnet.named("wall.n.01") == "n04546855" and whole_wordnet.named("wall.n.99") is None


def test_irregular_plurals_of_class_names_are_wordnets(whole_wordnet):
    from larvseg.miniature.wordnet import LICENCE
    from tests.vocabulary.conftest import DEBIAN

    exceptions = dict(line.split(" ", 1) for line in (DEBIAN / "noun.exc").read_text().splitlines())
    forms = {form for dataset in ("I124", "I585") for _, synonyms in categories(dataset) for word in synonyms for form in spellings(word)}
    assert {form: exceptions[form].strip() for form in forms if form in exceptions} == IRREGULAR_PLURALS
    header = [line for line in (DEBIAN / "data.noun").read_text().splitlines()[:40] if line.startswith("  ")]
    assert [" ".join(line.split()[1:]) for line in header] == [" ".join(line.split()) for line in LICENCE.read_text().splitlines()]


def test_a_line_too_long_loses_its_gloss_then_its_last_lemmas(tmp_path):
    synsets = {
        "n00004000": Synset(("arch", "archway"), "a long gloss " * 9),
        "n00004080": Synset(("bell", "a second lemma", "a third lemma"), "rings"),
        "n00004118": Synset(("car",), "drives"),
    }
    pack_wordnet(tmp_path / "wordnet.zip", synsets)
    wordnet = WordNet(tmp_path / "wordnet.zip")
    assert wordnet.lemmas("n00004000") == ("arch", "archway")
    assert wordnet.lemmas("n00004080") == ("bell",) and wordnet.find("bell") == ("n00004080",)
    assert wordnet.find("a_third_lemma") == ()
    assert wordnet.lemmas("n00004118") == ("car",)


def altered(source, target, changes):
    """A copy of a zip archive: `changes` gives members other bytes, or None to leave them out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = changes.get(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return target


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "wordnet.zip"
    pack_wordnet(path, {"n00004000": Synset(("arch",), "a curve"), "n00004100": Synset(("bell",), "rings")})
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"wordnet/index.noun": None}, "no wordnet/index.noun"),
        ({"wordnet/data.adj": b"  1 WordNet 3.1 Copyright 2011\n"}, "WordNet 3.1.*3.0"),
        ({"wordnet/lexnames": b"nonsense\n"}, "cannot be read"),
        ({"wordnet/index.noun": b"arch n 2 0 1 0 00004000  \n"}, "cannot be read"),
    ],
)
def test_other_archives_are_refused_in_one_line(small, tmp_path, changes, message):
    with pytest.raises(LarvSegError, match=f"other.zip: .*{message}"):
        WordNet(altered(small, tmp_path / "other.zip", changes))


def test_a_wrong_index_is_found_when_it_is_used(small, tmp_path):
    wordnet = WordNet(altered(small, tmp_path / "other.zip", {"wordnet/index.noun": b"arch n 1 0 1 0 00004050  \n"}))
    with pytest.raises(LarvSegError, match="other.zip: WordNet cannot be read"):
        wordnet.find("arch")


def test_oversized_members_are_refused_unread(small, tmp_path, monkeypatch):
    monkeypatch.setattr("larvseg.vocabulary.wordnet.LARGEST_FILE", 1000)
    with pytest.raises(LarvSegError, match="wordnet/.* larger than 1000 bytes"):
        WordNet(small)


def test_an_oversized_archive_is_refused_unread(small, monkeypatch):
    monkeypatch.setattr("larvseg.vocabulary.wordnet.LARGEST_FILE", small.stat().st_size - 1)
    with pytest.raises(LarvSegError, match="wordnet.zip: is larger than"):
        WordNet(small)


def test_the_archive_is_not_open_while_it_is_used(small):
    """Closing it could fail at the end of the process, which is a traceback."""
    wordnet = WordNet(small)
    assert str(small) not in {file.path for file in psutil.Process().open_files()}
    assert wordnet.find("arch") == ("n00004000",)


def test_no_archive_and_no_zip(tmp_path):
    with pytest.raises(LarvSegError, match="wordnet.zip: no such file"):
        WordNet(tmp_path / "wordnet.zip")
    (tmp_path / "wordnet.zip").write_text("<html>not found</html>")
    with pytest.raises(LarvSegError, match="wordnet.zip: expected a whole zip archive"):
        WordNet(tmp_path / "wordnet.zip")
