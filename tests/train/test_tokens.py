import pytest

torch = pytest.importorskip("torch", reason="needs the torch extra: pip install torch==2.13.0 takes the CPU build")

from train.tokens import token_loss  # noqa: E402

pytestmark = pytest.mark.torch
GROUP, PATCHES, WIDTH = 4, 32, 16


def repeated_tokens(faulty_size):
    """Two groups of four windows of a cycle of eight tokens; one window holds eight tokens that are off by so much."""
    rng = torch.Generator().manual_seed(0)
    cycle = torch.randn(8, WIDTH, generator=rng)
    tokens = cycle.repeat(PATCHES // 8, 1).expand(2 * GROUP, PATCHES, WIDTH).clone()
    tokens += 0.05 * torch.randn(tokens.shape, generator=rng)
    tokens[2, 10:18] += faulty_size * torch.randn(8, WIDTH, generator=rng)
    label = torch.zeros(2 * GROUP, PATCHES * 8)
    label[2, 80:144] = 1
    return tokens, label, torch.ones(2 * GROUP, PATCHES)


def test_the_further_a_fault_s_tokens_lie_from_normal_ones_the_smaller_the_loss():
    losses = [token_loss(*repeated_tokens(size), GROUP).item() for size in (0.0, 0.5, 2.0)]
    assert losses[0] > losses[1] > losses[2]
    assert losses[0] > 1
    assert losses[2] < 0.5


def test_the_size_of_tokens_as_a_whole_does_not_matter():
    tokens, label, usable = repeated_tokens(0.5)
    assert token_loss(100 * tokens, label, usable, GROUP).item() == pytest.approx(
        token_loss(tokens, label, usable, GROUP).item(), rel=1e-3
    )


def test_without_faults_or_without_anything_normal_there_is_no_loss():
    tokens, label, usable = repeated_tokens(1.0)
    assert token_loss(tokens, torch.zeros_like(label), usable, GROUP).item() == 0
    assert token_loss(tokens, torch.ones_like(label), usable, GROUP).item() == 0


def test_hidden_patches_neither_count_as_faults_nor_as_normal():
    tokens, label, usable = repeated_tokens(2.0)
    usable[2, 4:24] = 0
    assert token_loss(tokens, label, usable, GROUP).item() == 0
    tokens, label, usable = repeated_tokens(2.0)
    usable[0] = 0
    hidden = token_loss(tokens, label, usable, GROUP)
    tokens[0] = 50.0
    torch.testing.assert_close(token_loss(tokens, label, usable, GROUP), hidden)


def test_gradients_are_finite_where_tokens_are_all_the_same():
    tokens, label, usable = repeated_tokens(0.0)
    still = torch.zeros_like(tokens).requires_grad_()
    token_loss(still, label, usable, GROUP).backward()
    assert torch.isfinite(still.grad).all()
