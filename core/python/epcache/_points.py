# SPDX-License-Identifier: LGPL-2.1-or-later
"""Objects that behave as importlib.metadata's own, without importing that.

They are what the running version has: up to 3.10 an entry point is a tuple, up to 3.11
entry points are a list; _points311 has these.
"""
import sys

from . import _reader


def split(value):
    """Module, attribute and extras of a value, each a str or None; None: it is no such."""
    module, colon, attr = value.partition(":")
    # What most values are like; \w matches what isalnum() accepts, and "_".
    if _is_dotted(module) and (_is_dotted(attr) or not colon):
        return module, attr or None, None
    import re

    match = re.match(
        r"(?P<module>[\w.]+)\s*"
        r"(:\s*(?P<attr>[\w.]+)\s*)?"
        r"((?P<extras>\[.*\])\s*)?$", value)
    return match and match.group("module", "attr", "extras")


def _is_dotted(text):
    return text.replace(".", "").replace("_", "").isalnum()


class _Pattern:
    """What the original matches values with; there it is compiled by any import."""

    def __get__(self, point, owner=None):
        import importlib.metadata

        return importlib.metadata.EntryPoint.pattern


class Point:
    """What entry points of all versions have."""

    __slots__ = ()
    pattern = _Pattern()

    @property
    def module(self):
        parts = split(self.value)
        # Of what has none the original raises something, in each version another.
        return parts[0] if parts else self.to_importlib().module

    @property
    def attr(self):
        parts = split(self.value)
        return parts[1] if parts else self.to_importlib().attr

    @property
    def extras(self):
        parts = split(self.value)
        if not parts:
            return self.to_importlib().extras
        if not parts[2]:
            return []
        import re

        return re.findall(r"\w+", parts[2])

    def load(self):
        """Import the module and return it, or what is named in it."""
        parts = split(self.value)
        if not parts:
            return self.to_importlib().load()
        from importlib import import_module

        found = import_module(parts[0])
        for name in filter(None, (parts[1] or "").split(".")):
            found = getattr(found, name)
        return found

    def matches(self, **params):
        """Are the attributes named here equal to these?"""
        if _reader.VALIDATES and "dist" in params:
            raise ValueError(
                '"dist" is not suitable for matching. '
                "Instead, use Distribution.entry_points.select() on a "
                "located distribution."
            )
        return all(want == getattr(self, name) for name, want in params.items())

    def to_importlib(self):
        """The same as a real importlib.metadata.EntryPoint, with a real .dist."""
        import importlib.metadata

        real = importlib.metadata.EntryPoint(self.name, self.value, self.group)
        if self.dist is not None and hasattr(real, "_for"):
            real._for(getattr(self.dist, "_real", self.dist))
        return real

    def _key(self):
        return self.name, self.value, self.group

    def __repr__(self):
        return (
            f"EntryPoint(name={self.name!r}, value={self.value!r}, "
            f"group={self.group!r})"
        )

    def _for(self, dist):
        vars(self).update(dist=dist)
        return self


class EntryPoint(Point):
    """An entry point: .name, .value, .group, and the distribution, .dist."""

    dist = None

    def __init__(self, name, value, group):
        vars(self).update(name=name, value=value, group=group)
        if _reader.VALIDATES and not split(value):
            self.to_importlib()  # which raises

    def __lt__(self, other):
        return self._key() < other._key()

    def __eq__(self, other):
        return self._key() == other._key()

    def __hash__(self):
        return hash(self._key())

    def __setattr__(self, name, value):
        raise AttributeError("EntryPoint objects are immutable.")

    if (3, 11) <= sys.version_info < (3, 13):

        def __getitem__(self, item):
            import warnings

            warnings.warn(
                "EntryPoint tuple interface is deprecated. Access members by name.",
                DeprecationWarning,
                stacklevel=2,
            )
            return self._key()[item]


class Selectable:
    """What collections of entry points have in all versions."""

    __slots__ = ()

    def select(self, **params):
        """Those whose attributes are as given, typically group= and name=."""
        return EntryPoints(point for point in self if point.matches(**params))

    @property
    def names(self):
        """The set of all names."""
        return {point.name for point in self}

    @property
    def groups(self):
        """The set of all groups."""
        return {point.group for point in self}

    def _named(self, name):
        for point in self:
            if point.matches(name=name):
                return point
        raise KeyError(name)


class EntryPoints(Selectable, tuple):
    """An immutable collection of entry points; [name] is the first of that name."""

    __slots__ = ()

    def __getitem__(self, name):
        return self._named(name)

    if sys.version_info >= (3, 13):

        def __repr__(self):
            return f"{self.__class__.__name__}({tuple(self)!r})"


if sys.version_info < (3, 12):
    from ._points311 import EntryPoint, EntryPoints  # noqa: F811


class Distribution:
    """A distribution that was found in a directory.

    All but its entry points is read when it is asked for, by the real
    importlib.metadata.PathDistribution that this stands for.
    """

    def __init__(self, entry, folder, norm=None, record=None):
        # Of sys.path, as it is there; the folder in it; the name as it is compared; what
        # was seen of its entry_points.txt, and what that had, as (name, value, group); or
        # None where it has to be read.
        self._entry = entry
        self._folder = folder
        self._norm = norm
        self._record = record

    @property
    def entry_points(self):
        points = self._as_it_was()
        if points is None:
            points = [p._key() for p in map(convert, self._real.entry_points)]
        return EntryPoints(EntryPoint(*point)._for(self) for point in points)

    def _as_it_was(self):
        """What was found, if that is still so: it may be asked for much later."""
        if self._record is None:
            return None
        from os import fsencode, path

        seen, points = self._record
        text = path.join(self._entry, self._folder, "entry_points.txt")
        return points if _reader.native.is_current(fsencode(text), seen) else None

    @property
    def metadata(self):
        return self._real.metadata

    @property
    def name(self):
        return self.metadata["Name"]

    @property
    def version(self):
        return self.metadata["Version"]

    @property
    def files(self):
        return self._real.files

    @property
    def requires(self):
        return self._real.requires

    def read_text(self, filename):
        """A file of the metadata folder, or None."""
        return self._real.read_text(filename)

    def locate_file(self, path):
        """The path of a file that the distribution has installed."""
        return self._real.locate_file(path)

    @property
    def _normalized_name(self):
        return self._norm or self._real._normalized_name

    @property
    def _real(self):
        real = vars(self).get("real")
        if real is None:
            import importlib.metadata
            import pathlib

            path = pathlib.Path(self._entry, self._folder)
            real = vars(self)["real"] = importlib.metadata.PathDistribution(path)
        return real

    def __getattr__(self, name):
        if name.startswith("__"):  # pickle and copy ask before there is anything
            raise AttributeError(name)
        return getattr(self._real, name)

    def __reduce__(self):
        return self.__class__, (self._entry, self._folder, self._norm)


def made(name, value, group, dist):
    """An EntryPoint of a value that is known to be what this Python takes."""
    if issubclass(EntryPoint, tuple):
        return EntryPoint(name, value, group)._for(dist)
    point = EntryPoint.__new__(EntryPoint)
    vars(point).update(name=name, value=value, group=group, dist=dist)
    return point


def convert(real):
    """An EntryPoint of importlib.metadata as one of ours."""
    if isinstance(real, EntryPoint):
        return real
    return EntryPoint(*_key(real))._for(getattr(real, "dist", None))


def _key(real):
    return real.name, real.value, real.group
