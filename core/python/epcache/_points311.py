# SPDX-License-Identifier: LGPL-2.1-or-later
"""What importlib.metadata of 3.10 and 3.11 has: deprecated ways to use its objects."""
import sys
from _operator import itemgetter

from ._points import EntryPoint as Plain
from ._points import Point, Selectable


def _warn(text, stacklevel=3):
    import warnings

    warnings.warn(text, DeprecationWarning, stacklevel=stacklevel)


class _Pair:
    """dict() of entry points, by name."""

    __slots__ = ()

    def __iter__(self):
        # Of the module itself, as there: by default nobody is told.
        _warn(
            "Construction of dict of EntryPoints is deprecated in "
            "favor of EntryPoints.",
            stacklevel=2,
        )
        return iter((self.name, self))


if sys.version_info >= (3, 11):

    class EntryPoint(_Pair, Plain):
        __doc__ = Plain.__doc__

else:

    class EntryPoint(_Pair, Point, tuple):
        __doc__ = Plain.__doc__

        # Of the named tuple there; its _replace() and _asdict() only ever fail.
        _fields = __match_args__ = ("name", "value", "group")
        _field_defaults = {}
        dist = None

        def __new__(cls, name, value, group):
            return tuple.__new__(cls, (name, value, group))

        @classmethod
        def _make(cls, iterable):
            return cls(*iterable)

        name = property(itemgetter(0))
        value = property(itemgetter(1))
        group = property(itemgetter(2))

        def __reduce__(self):
            return self.__class__, self._key()


def _deprecated(name):
    def wrapped(self, *args, **kwargs):
        _warn("EntryPoints list interface is deprecated. Cast to list if needed.")
        return getattr(list, name)(self, *args, **kwargs)

    wrapped.__name__ = name
    return wrapped


class EntryPoints(Selectable, list):
    """A collection of entry points; [name] is the first of that name."""

    __slots__ = ()

    __setitem__ = _deprecated("__setitem__")
    __delitem__ = _deprecated("__delitem__")
    append = _deprecated("append")
    reverse = _deprecated("reverse")
    extend = _deprecated("extend")
    pop = _deprecated("pop")
    remove = _deprecated("remove")
    __iadd__ = _deprecated("__iadd__")
    insert = _deprecated("insert")
    sort = _deprecated("sort")

    def __getitem__(self, name):
        if isinstance(name, int):
            _warn(
                "Accessing entry points by index is deprecated. "
                "Cast to tuple if needed."
            )
            return super().__getitem__(name)
        return self._named(name)

    def __add__(self, other):
        if not isinstance(other, tuple):
            _warn("EntryPoints list interface is deprecated. Cast to list if needed.")
            other = tuple(other)
        return self.__class__(tuple(self) + other)

    def __eq__(self, other):
        if not isinstance(other, tuple):
            _warn("EntryPoints list interface is deprecated. Cast to list if needed.")
            other = tuple(other)
        return tuple(self).__eq__(other)

    __hash__ = None
