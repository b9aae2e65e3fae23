"""The measurement of windows, on a small archive and a short list of synsets."""

from larvseg.bench import windows
from larvseg.config import Windows


def test_windows_read_the_same_images_by_fewer_reads():
    rows, counts = windows.reading(images=160, repeats=1, megabytes=1)
    assert [row["reference"] for row in rows] == ["bare JPEG"] * 2 and all(row["ours_ms"] > 0 for row in rows)
    random, ours = counts["random"], counts["windows"]
    assert random.images == random.reads == ours.images == 160 and random.seeks > 150
    assert 10 < ours.seeks <= ours.reads < 20  # one for each megabyte
    assert 10 < random.megabytes < ours.megabytes < 1.05 * random.megabytes  # the headers between the images are read, too


def test_sorted_synsets_mix():
    mixed = windows.mixing(Windows(lanes=2, open=4), synsets=200, ranks=8, steps=100)
    assert set(mixed) == {"random", "windows"}
    assert 0.95 * mixed["random"][0] < mixed["windows"][0] <= 16
    text = windows.text({name: windows.Reads(160, 160, 159, 17.6) for name in mixed}, mixed)
    assert len(text.splitlines()) == 2 and text.startswith("random: 160 images by 160 reads, 159 of them elsewhere")
