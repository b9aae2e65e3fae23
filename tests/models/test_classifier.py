"""The cosine classifier against the published formulas."""

import pytest
import torch

from larvseg.bench import plain
from larvseg.models.classifier import CosineClassifier

pytestmark = pytest.mark.usefixtures("double")

INDEX = torch.tensor([3, 1, 4, 1, 5, 9])  # category 1 twice


def classifier(temperature="layer_norm", **arguments):
    head = CosineClassifier(16, 10, temperature=temperature, generator=torch.Generator().manual_seed(0), **arguments)
    head.double()
    with torch.no_grad():
        head.scale.fill_(1.3)
        head.shift.fill_(0.2)
    return head


@pytest.mark.parametrize("temperature", ["layer_norm", "cosine"])
def test_equals_the_plain_formulas(temperature):
    head = classifier(temperature)
    features, weights = torch.randn(2, 16, 3, 4, requires_grad=True), torch.randn(2, 6, 3, 4)
    gradients = []
    for out in (head(features, INDEX), plain.classify(head, features, INDEX.tolist())):
        gradients.append((out, torch.autograd.grad((out.logits * weights).sum(), [features, head.table, head.project_pixels])))
    (ours, our_gradients), (theirs, their_gradients) = gradients
    for value, expected in zip((*ours, *our_gradients), (*theirs, *their_gradients), strict=True):
        torch.testing.assert_close(value, expected, rtol=1e-9, atol=1e-10)


def test_cosines_and_class_statistics():
    head = CosineClassifier(16, 10).double()
    out = head(torch.randn(2, 16, 3, 4), torch.arange(10))
    assert out.cosines.abs().max() <= 1 + 1e-6
    torch.testing.assert_close(out.pixels.norm(dim=2), torch.ones(2, 12))
    torch.testing.assert_close(out.logits.mean(1), torch.zeros(2, 3, 4), atol=1e-5, rtol=0)
    torch.testing.assert_close(out.logits.var(1, unbiased=False), torch.ones(2, 3, 4), atol=1e-2, rtol=0)


def test_repeated_categories_have_identical_columns():
    logits = classifier()(torch.randn(2, 16, 3, 4), INDEX).logits
    assert torch.equal(logits[:, 1], logits[:, 3])


def test_a_fixed_table_may_be_wider_and_gets_no_gradient():
    head = CosineClassifier(16, 7, table=torch.randn(7, 24)).double()
    head(torch.randn(1, 16, 2, 2), torch.arange(7)).logits.square().sum().backward()
    assert head.project_classes.shape == (24, 16) and head.project_classes.grad is not None
    assert "table" in head.state_dict() and "table" not in dict(head.named_parameters())
