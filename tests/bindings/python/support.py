"""What the tests of the binding share."""
from __future__ import annotations

import tempfile
import unittest
from typing import Any

import pca

KEY = b"\7" * 32


class RegionCase(unittest.TestCase):
    """A directory; and in it, on demand, a region with a root and a subordinate."""

    def setUp(self) -> None:
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.dir = held.name
        self.path = f"{self.dir}/region"

    def region(self, **fields: Any) -> pca.Region:
        made = pca.Region.create(self.path, "demo", **{"key": KEY, "actor": "tester", **fields})
        self.addCleanup(made.close)
        return made

    def sub(self, region: pca.Region, **fields: Any) -> pca.Sub:
        region.set_policy("short_lived", 1)
        root = region.purchase(120).enable(common_name="Example Root", alias="root", **fields)
        return root.default_sub().enable(common_name="Example Issuing CA", alias="issuing", **fields)

    def refused(self, kind: type[pca.Error], verb: Any, *arguments: Any, **fields: Any) -> pca.Error:
        with self.assertRaises(kind) as caught:
            verb(*arguments, **fields)
        return caught.exception
