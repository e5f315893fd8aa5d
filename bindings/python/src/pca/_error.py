"""Why a call failed."""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._header import Code


class Error(Exception):
    """A refusal or failure of the library. Each code has a class of its own below this one: ``pca.QuotaError``, ``pca.NotFoundError``.

    str() of it is one line for people, with the limit that was met; it never holds a secret.
    """

    def __init__(self, code: Code, object: str, field: str, message: str, device_code: int = 0) -> None:
        super().__init__(message)
        self.code = code
        """A member of :class:`pca.Code`."""
        self.object = object
        """What it is about: "sub 4", "cert 17", "request"."""
        self.field = field
        """The field or argument: "san[3]", "common_name", "years"."""
        self.message = message
        self.device_code = device_code
        """The number that a driver gave for a failure of its device, or 0."""

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.code, self.object, self.field, self.message, self.device_code)

    def __str__(self) -> str:
        about = f"{self.object}: " if self.object else ""
        return f"{self.code.name}: {about}{self.message}"
