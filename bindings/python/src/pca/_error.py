"""Why a call failed."""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._header import Code


class Error(Exception):
    """A refusal or failure of the library. Each code has a class of its own below this one: ``pca.QuotaError``, ``pca.NotFoundError``.

    Drivers raise them too: ``raise pca.PinError("a wrong PIN", tries_left=2)``.

    str() of it is one line for people, with the limit that was met; it never holds a secret.
    """

    code: Code
    """A member of pca.Code."""

    def __init__(self, message: str, object: str = "", field: str = "", device_code: int = 0, tries_left: int = -1) -> None:
        super().__init__(message)
        self.object = object
        """What it is about: "sub 4", "cert 17", "request"."""
        self.field = field
        """The field or argument: "san[3]", "common_name", "years"."""
        self.message = message
        self.device_code = device_code
        """The number that a driver gave for a failure of its device, or 0."""
        self.tries_left = tries_left
        """After PinError: how many more times a PIN may be tried; 0: it is locked; -1: not known."""

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.message, self.object, self.field, self.device_code, self.tries_left)

    def __str__(self) -> str:
        about = f"{self.object}: " if self.object else ""
        return f"{self.code.name}: {about}{self.message}" if hasattr(self, "code") else about + self.message
