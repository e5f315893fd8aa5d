"""What every object of the library is in Python."""
from __future__ import annotations

from typing import Any, Callable, Generic, TypeVar, overload

from ._library import function

T = TypeVar("T")


class Handle:
    """A snapshot: what it tells never changes; ``reload()`` reads it anew. It stays good after its region is closed."""

    _p: Any


class Getter(Generic[T]):
    """A property that asks a function of the library."""

    def __init__(self, name: str, convert: Callable[[Any], T], about: str, pointer: str = "_p") -> None:
        self.name = name
        self.convert = convert
        self.pointer = pointer
        self.__doc__ = about

    @overload
    def __get__(self, owner: None, kind: type) -> Getter[T]: ...

    @overload
    def __get__(self, owner: Handle, kind: type) -> T: ...

    def __get__(self, owner: Handle | None, kind: type) -> Getter[T] | T:
        if owner is None:
            return self
        return self.convert(function(self.name)(getattr(owner, self.pointer)))

    def __set__(self, owner: Handle, value: object) -> None:
        raise AttributeError("a snapshot does not change")
