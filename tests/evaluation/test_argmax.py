import pytest
import torch
import torch.nn.functional as F

from larvseg.evaluation import argmax
from larvseg.evaluation.argmax import CHUNK, sliding_argmax, upsampled_argmax

METHODS = ("plain", "candidates", "auto")
SLIDING = (*METHODS, "product")


def maps(*shape, noise=1.0, seed=0, scale=5.0):
    """Smooth maps plus noise."""
    generator = torch.Generator().manual_seed(seed)
    smooth = torch.randn(*shape[:-2], 3, 3, generator=generator).flatten(0, -3)[None]
    smooth = F.interpolate(smooth, shape[-2:], mode="bicubic")[0].view(shape)
    return scale * (smooth + noise * torch.randn(shape, generator=generator))


def assert_same_labels(labels, reference):
    """Equal wherever the two best of `reference` (B, N, H, W) differ by more than 1e-5."""
    two = reference.topk(2, dim=1).values if reference.shape[1] > 1 else None
    clear = torch.ones_like(labels, dtype=torch.bool) if two is None else two[:, 0] - two[:, 1] > 1e-5
    assert clear.float().mean() > 0.99
    assert labels.dtype == torch.int64
    assert torch.equal(labels[clear], reference.argmax(1)[clear])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("noise", [0.05, 1.0])
@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((2, 40, 8, 8), (64, 64)),
        ((1, 150, 9, 13), (97, 131)),  # no whole ratio
        ((2, 30, 32, 32), (20, 11)),  # down
        ((1, 30, 16, 5), (7, 60)),  # down and up
        ((1, 25, 12, 12), (12, 12)),
        ((1, 25, 1, 7), (30, 30)),
        ((1, 25, 6, 1), (30, 1)),
        ((1, 25, 1, 1), (5, 9)),
        ((2, 1, 4, 4), (16, 16)),
    ],
)
def test_upsampled_argmax_equals_interpolation(shape, size, noise, method):
    logits = maps(*shape, noise=noise)
    reference = F.interpolate(logits, size, mode="bilinear", align_corners=False)
    assert_same_labels(upsampled_argmax(logits, size, method), reference)


@pytest.mark.parametrize("method", METHODS)
def test_more_logits_than_fit_one_chunk(method):
    logits = maps(1, 300, 8, 8, noise=0.1)
    size = (300, 310)
    assert logits.shape[1] * size[0] * size[1] > CHUNK
    assert_same_labels(upsampled_argmax(logits, size, method), F.interpolate(logits, size, mode="bilinear", align_corners=False))


@pytest.mark.parametrize("method", METHODS)
def test_of_equal_classes_the_first_wins(method):
    one = maps(1, 1, 6, 6)
    lower = one - 1
    labels = upsampled_argmax(torch.cat([lower, one, lower, one, one], 1), (40, 40), method)
    assert (labels == 1).all()
    assert (upsampled_argmax(torch.full((1, 200, 4, 4), 0.3), (300, 300), method) == 0).all()


def test_infinite_logits_never_win():
    logits = maps(1, 10, 4, 4)
    logits[:, ::2] = -torch.inf
    assert (upsampled_argmax(logits, (16, 16), "candidates") % 2 == 1).all()


@pytest.mark.parametrize(
    "bad", [torch.zeros(3, 4, 4), torch.zeros(1, 3, 4, 4, dtype=torch.float64), torch.zeros(1, 3, 4, 4).int(), torch.zeros(1, 0, 4, 4)]
)
def test_other_ranks_and_types_are_refused(bad):
    with pytest.raises(ValueError, match="rank 4"):
        upsampled_argmax(bad, (8, 8))
    with pytest.raises(ValueError, match="rank 4"):
        sliding_argmax(bad, ((0,), (0,)), (8, 8), (8, 8), (8, 8))


def merged_reference(logits, positions, window, resized, original):
    total = torch.zeros(logits.shape[1], *resized)
    count = torch.zeros(resized)
    windows = iter(F.interpolate(logits, (window, window), mode="bilinear", align_corners=False))
    for top in positions[0]:
        for left in positions[1]:
            bottom, right = min(top + window, resized[0]), min(left + window, resized[1])
            total[:, top:bottom, left:right] += next(windows)[:, : bottom - top, : right - left]
            count[top:bottom, left:right] += 1
    return F.interpolate((total / count)[None], original, mode="bilinear", align_corners=False)


@pytest.mark.parametrize("method", SLIDING)
@pytest.mark.parametrize("noise", [0.05, 1.0])
@pytest.mark.parametrize(
    ("positions", "resized", "original"),
    [
        (((0,), (0, 21)), (64, 85), (72, 96)),  # the miniature
        (((0, 9), (0, 64, 66)), (73, 130), (40, 77)),  # overlaps in both directions, down
        (((0, 64), (0,)), (128, 64), (128, 64)),  # no overlap, no resize
        (((0,), (0,)), (40, 64), (90, 144)),  # window padded below
        (((0,), (0,)), (30, 21), (61, 43)),
    ],
)
def test_sliding_argmax_equals_merging_every_map(positions, resized, original, noise, method):
    logits = maps(len(positions[0]) * len(positions[1]), 60, 8, 8, noise=noise)
    labels = sliding_argmax(logits, positions, (64, 64), resized, original, method)
    assert_same_labels(labels[None], merged_reference(logits, positions, 64, resized, original))


def test_sliding_argmax_in_chunks_of_classes():
    logits = maps(2, 700, 4, 4, noise=0.1)
    positions, sizes = ((0,), (0, 21)), ((64, 85), (144, 192))
    assert 700 * 144 * 192 > CHUNK
    reference = merged_reference(logits, positions, 64, *sizes)
    for method in SLIDING:
        assert_same_labels(sliding_argmax(logits, positions, (64, 64), *sizes, method)[None], reference)


def test_a_gpu_interpolates_by_products_to_the_same_labels(monkeypatch):
    monkeypatch.setattr(argmax, "KERNELS", ())  # no device has a kernel of its own
    for shape, size in (((2, 40, 8, 8), (64, 64)), ((1, 150, 9, 13), (97, 131)), ((2, 30, 32, 32), (20, 11)), ((1, 25, 1, 7), (30, 30))):
        logits = maps(*shape)
        logits[:, 3, :, : shape[3] // 2] = -torch.inf  # half of a class
        reference = F.interpolate(logits.clamp(min=-1e4), size, mode="bilinear", align_corners=False)
        assert_same_labels(upsampled_argmax(logits, size, "plain"), reference)
    logits, positions = maps(6, 60, 8, 8), ((0, 9), (0, 64, 66))
    labels = sliding_argmax(logits, positions, (64, 64), (73, 130), (40, 77), "plain")
    assert_same_labels(labels[None], merged_reference(logits, positions, 64, (73, 130), (40, 77)))


def test_sliding_argmax_refuses_windows_that_do_not_fit():
    logits = torch.zeros(2, 3, 4, 4)
    for method in SLIDING:
        with pytest.raises(ValueError, match="do not cover"):
            sliding_argmax(logits, ((0,), (0, 70)), (64, 64), (64, 134), (64, 134), method)
        with pytest.raises(ValueError, match="2 windows for 1 × 3"):
            sliding_argmax(logits, ((0,), (0, 10, 20)), (64, 64), (64, 84), (64, 84), method)
