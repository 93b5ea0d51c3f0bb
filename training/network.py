"""The torch module: one encoder pass, a vector per entity, a head for labels and one for targets."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

from model.scheme import STANCES, LabelScheme


class StanceNetwork(nn.Module):
    """Scores the labels of all entities of a sentence, and whom each is aimed at, from one pass of the encoder.

    The vector of an entity is the mean of the encoder's outputs at its placeholders; the vector of the sentence is the
    mean over all tokens. ``toward_logits[b, i, j, k]`` says whether label ``k`` of entity ``i`` is aimed at ``j``.
    """

    def __init__(self, encoder: PreTrainedModel, labels: int, dropout: float = 0.1) -> None:
        """Put fresh heads for ``labels`` labels on an encoder."""
        super().__init__()
        size = int(encoder.config.hidden_size)
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.label_head = nn.Sequential(
            nn.Linear(2 * size, size), nn.GELU(), nn.Dropout(dropout), nn.Linear(size, labels)
        )
        self.holder = nn.Linear(2 * size, size)
        self.target = nn.Linear(size, size)
        self.toward_head = nn.Linear(size, labels)

    def forward(
        self, input_ids: Tensor, mention_weights: Tensor, attention_mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Score a batch.

        Args:
            input_ids: Token ids ``[batch, tokens]``.
            mention_weights: Row-normalised placeholder positions ``[batch, entities, tokens]``.
            attention_mask: 1 for tokens, 0 for padding ``[batch, tokens]``; None if nothing is padded.

        Returns:
            Label logits ``[batch, entities, labels]`` and target logits ``[batch, entities, entities, labels]``.
        """
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        entities = torch.matmul(mention_weights.to(hidden.dtype), hidden)
        if attention_mask is None:
            # A product rather than `mean`, which the ONNX runtime adds up in another order for a batch of one.
            length = hidden.shape[1]
            sentence = torch.matmul(hidden.new_ones(1, length) / length, hidden)
        else:
            tokens = attention_mask.unsqueeze(-1).to(hidden.dtype)
            sentence = (hidden * tokens).sum(1, keepdim=True) / tokens.sum(1, keepdim=True)
        entities = self.dropout(entities)
        context = torch.cat([entities, sentence.expand_as(entities)], dim=-1)
        pairs = functional.gelu(self.holder(context).unsqueeze(2) + self.target(entities).unsqueeze(1))
        return self.label_head(context), self.toward_head(self.dropout(pairs))


def network_loss(
    label_logits: Tensor,
    toward_logits: Tensor,
    labels: Tensor,
    toward: Tensor,
    entity_mask: Tensor,
    scheme: LabelScheme = STANCES,
    *,
    label_weights: Tensor | None = None,
    counts: Tensor | None = None,
) -> Tensor:
    """Cross-entropy over labels, plus binary cross-entropy over targets in a scheme that has them.

    Args:
        label_logits: ``[batch, entities, labels]``.
        toward_logits: ``[batch, entities, entities, labels]``.
        labels: Gold labels, 0 or 1, shaped as ``label_logits``.
        toward: Gold targets, 0 or 1, shaped as ``toward_logits``.
        entity_mask: 1 for entities, 0 for padding ``[batch, entities]``.
        scheme: Says whether labels exclude each other, whether there is such a thing as no label, and whether there
            are targets.
        label_weights: For how many cases without a label a case with it counts ``[labels]``; None for one.
        counts: What to divide by, if the batch is a part of a larger one: `loss_counts` of all parts, added up. The
            losses of the parts then add up to the loss of the whole.

    Returns:
        The loss; targets count only where the holder takes the label, since they are asked only then. Entities
        without a label count only where that is an answer.
    """
    counted, asked = _counted(labels, entity_mask, scheme), _asked(labels, entity_mask)
    counts = loss_counts(labels, entity_mask, scheme) if counts is None else counts
    weights = label_weights.to(labels.device) if label_weights is not None else None
    losses = _label_loss(label_logits.float(), labels, scheme, weights)
    label_loss = (losses * counted).sum() / counts[0].clamp(min=1)
    if not scheme.directed:
        return label_loss
    toward_loss = functional.binary_cross_entropy_with_logits(toward_logits.float(), toward, reduction="none")
    return label_loss + (toward_loss * asked).sum() / counts[1].clamp(min=1)


def loss_counts(labels: Tensor, entity_mask: Tensor, scheme: LabelScheme = STANCES) -> Tensor:
    """Return what `network_loss` divides by: how many entities count in a batch, and how many targets ``[2]``."""
    return torch.stack([_counted(labels, entity_mask, scheme).sum(), _asked(labels, entity_mask).sum()])


def _counted(labels: Tensor, entity_mask: Tensor, scheme: LabelScheme) -> Tensor:
    return entity_mask if scheme.none else entity_mask * (labels.sum(-1) > 0)


def _asked(labels: Tensor, entity_mask: Tensor) -> Tensor:
    others = 1 - torch.eye(labels.shape[1], device=labels.device)
    return labels.unsqueeze(2) * (entity_mask.unsqueeze(1) * others).unsqueeze(-1)


def _label_loss(logits: Tensor, labels: Tensor, scheme: LabelScheme, weights: Tensor | None) -> Tensor:
    """Return the loss of every entity: that of each label, or where they exclude each other that of the choice."""
    if scheme.multi_label:
        losses = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none", pos_weight=weights)
        return losses.sum(-1)
    if weights is not None:  # Taking no label counts for one.
        weights = 1 + (labels * (weights - 1)).sum(-1)
    if scheme.none:  # Taking no label has the logit 0: only differences of logits count in a softmax.
        logits = functional.pad(logits, (1, 0))
        labels = torch.cat([1 - labels.sum(-1, keepdim=True), labels], dim=-1)
    losses = -(labels * functional.log_softmax(logits, dim=-1)).sum(-1)
    return losses if weights is None else losses * weights
