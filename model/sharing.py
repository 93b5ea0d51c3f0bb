"""Passing a model on through the Hugging Face hub; `StanceClassifier.from_pretrained` gets it back."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import HfApi

from model.config import CONFIG_FILE
from model.errors import ModelError
from model.verification import verify

CARD_FILE = "README.md"
BESIDE = (CARD_FILE, "LICENSE", "NOTICE")
"""Files without a hash that go with a model; nothing else does, such as what a training run left behind."""


def push(directory: Path, name: str, *, private: bool = False, revision: str | None = None) -> str:
    """Upload a model directory that has no fault.

    The token is the one that `hf auth login` stored or that ``HF_TOKEN`` holds.

    Args:
        directory: The model.
        name: ``owner/name`` on the hub; made if there is no such model.
        private: Whether a model that is made is private.
        revision: Branch to upload to, made if it is missing; None for ``main``.

    Returns:
        Address of the commit.

    Raises:
        ModelError: the directory has a fault, or the hub refuses.
    """
    verified = verify(directory)
    files = [CONFIG_FILE, *verified.files, *(file for file in BESIDE if (directory / file).is_file())]
    config, api = verified.config, HfApi()
    try:
        api.create_repo(name, private=private, exist_ok=True)
        if revision is not None:
            api.create_branch(name, branch=revision, exist_ok=True)
        commit = api.upload_folder(
            repo_id=name,
            folder_path=directory,
            revision=revision,
            allow_patterns=files,
            commit_message=f"{config.name} {config.version}",
        )
    except Exception as error:  # The client's own errors, and those of whatever HTTP library it is built on.
        raise ModelError(f"{name}: the hub does not take the model: {error}") from None
    return str(commit.commit_url)
