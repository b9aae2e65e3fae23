"""The losses against the published formulas."""

import pytest
import torch

from larvseg.bench import plain
from larvseg.models.attention import pad_labels
from larvseg.models.classifier import CosineClassifier
from larvseg.training.losses import image_label_loss, pair_loss, segmentation_loss

pytestmark = pytest.mark.usefixtures("double")

LABELS = [(1, 4, 5), (), (2,)]


def test_image_label_loss_and_gradient_equal_the_upsampled_one():
    head = CosineClassifier(16, 7, generator=torch.Generator().manual_seed(0)).double()
    features = torch.randn(3, 16, 5, 6, requires_grad=True)
    out, size = head(features, torch.arange(7)), (20, 24)
    ours = image_label_loss(out, pad_labels(LABELS), size)
    theirs = plain.image_label_loss(out, LABELS, size)
    torch.testing.assert_close(ours.sum(), theirs)
    assert ours[1].eq(0).all() and ours[2, 1:].eq(0).all()
    gradients = [torch.autograd.grad(loss, features, retain_graph=True)[0] for loss in (ours.sum(), theirs)]
    torch.testing.assert_close(*gradients, rtol=1e-9, atol=1e-10)


def test_other_labels_leave_the_softmax():
    pooled = torch.randn(1, 1, 6, requires_grad=True)
    losses = pair_loss(pooled, torch.tensor([[1, 4, -1]]))
    kept = pooled.detach()[0, 0, [0, 1, 2, 3, 5]]
    torch.testing.assert_close(losses[0, 0].detach(), torch.nn.functional.cross_entropy(kept, torch.tensor(1)))
    (gradient,) = torch.autograd.grad(losses[0, 0], pooled)
    assert gradient[0, 0, 4] == 0 and (gradient[0, 0, [0, 1, 2, 3, 5]] != 0).all()


@pytest.mark.parametrize("labelled_only", [False, True])
def test_segmentation_loss(labelled_only):
    logits, masks = torch.randn(2, 5, 4, 4), torch.randint(-1, 5, (2, 16, 16))
    losses = segmentation_loss(logits, masks)
    assert losses[masks < 0].eq(0).all()
    counted = (masks >= 0).sum() if labelled_only else masks.numel()
    torch.testing.assert_close(losses.sum() / counted, plain.segmentation_loss(logits, masks, labelled_only))
