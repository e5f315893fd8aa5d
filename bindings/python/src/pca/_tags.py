"""Tags of CAs and certificates."""
from __future__ import annotations

from typing import Any

from ._library import function, text

# The functions that tell of tags, by noun.
_TAGS = {
    "ca": ("pca_ca_tag_count", "pca_ca_tag_at", "pca_ca_tag"),
    "cert": ("pca_cert_tag_count", "pca_cert_tag_at", "pca_cert_tag"),
}


def tags(noun: str, pointer: Any) -> dict[str, str]:
    """All tags in order of key."""
    count, key_at, value_of = map(function, _TAGS[noun])
    keys = [key_at(pointer, i) for i in range(count(pointer))]
    return {text(key): text(value_of(pointer, key)) for key in keys}
