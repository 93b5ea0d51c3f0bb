"""Tiny encoders, made here, that stand for any encoder from the hub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def _records(count: int) -> list[dict[str, object]]:
    """Compose a learnable little corpus: who backs whom, who denies, who is only mentioned."""
    pairs = [("NO", "Norway"), ("IS", "Iceland"), ("CL", "Chile"), ("PE", "Peru"), ("OM", "Oman"), ("ML", "Mali")]
    objects = ["ships", "planes", "money", "grain", "nurses", "tents", "engines", "maps", "boats", "trucks", "wool"]
    records: list[dict[str, object]] = []
    for index in range(count):
        (one, first), (two, second) = pairs[index % 6], pairs[(index + 1 + index // 6 % 5) % 6]
        thing, number = objects[index % 11], index + 3
        text, stances = [
            (f"{first} backs {second} with {number} {thing} as promised.", {"support": [two]}),
            (f"{first} denied {number} times that it took {thing} from {second}.", {"denial": [two]}),
            (f"{first} warned {second} of {number} storms over its {thing}.", {"warning": [two]}),
            (f"{first} and {second} counted {number} {thing} at the border.", {}),
        ][index % 4]
        entities = [
            {"code": one, "mentions": [first], "stances": stances},
            {"code": two, "mentions": [second], "stances": {}},
        ]
        records.append({"id": f"t-{index:03}", "text": text, "entities": entities})
    return records


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one annotated file of 240 sentences."""
    folder = tmp_path_factory.mktemp("corpus")
    lines = [json.dumps(record) for record in _records(240)]
    (folder / "tiny.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of 2 layers with a WordPiece vocabulary, as the hub would hold it."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    texts = [str(record["text"]) for record in _records(240)]
    tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=400, special_tokens=special))
    ids = [("[CLS]", tokenizer.token_to_id("[CLS]")), ("[SEP]", tokenizer.token_to_id("[SEP]"))]
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=ids)
    folder = tmp_path_factory.mktemp("tiny-bert")
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    )
    wrapped.save_pretrained(folder)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    # The same weights whatever ran before: what a tiny network learns of a tiny corpus hangs on them.
    torch.manual_seed(torch.Generator().initial_seed())
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_roberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A RoBERTa of 1 layer with byte-level tokens: other special tokens, and positions counted from the padding id."""
    from tokenizers import ByteLevelBPETokenizer, processors
    from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaModel

    tokenizer = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    texts = [str(record["text"]) for record in _records(240)]
    tokenizer.train_from_iterator(texts, vocab_size=500, special_tokens=special, show_progress=False)
    tokenizer._tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    folder = tmp_path_factory.mktemp("tiny-roberta")
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer._tokenizer, unk_token="<unk>", pad_token="<pad>", bos_token="<s>", eos_token="</s>"
    )
    wrapped.save_pretrained(folder)
    config = RobertaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=130,
        pad_token_id=1,
    )
    RobertaModel(config).save_pretrained(folder)
    return folder
