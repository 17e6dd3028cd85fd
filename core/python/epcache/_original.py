# SPDX-License-Identifier: LGPL-2.1-or-later
"""importlib.metadata itself, where it has to answer, in our types."""
import sys

_is_new = "importlib.metadata" not in sys.modules

import importlib.metadata  # noqa: E402

from . import _is_possible, _is_tested, _points, _reader  # noqa: E402

if _is_new and _is_possible() and not _is_tested():  # the next start knows its rules
    from . import _rules

    _rules.of(importlib.metadata, True)


def flat(found):
    """What is in a dict by group, which it is for nothing selected up to 3.11."""
    if not isinstance(found, dict):
        return found
    return [point for group in dict.values(found) for point in group]


def grouped(points):
    """What importlib.metadata of 3.10 and 3.11 answers where nothing is selected."""
    return importlib.metadata.SelectableGroups.load(points)


def entry_points(params, path=None):
    """What entry_points() of importlib.metadata answers, or raises.

    @path is a list in place of sys.path.
    """
    if path is not None:
        found = [point for dist in _unique(path) for point in dist.entry_points]
    elif sys.version_info < (3, 10):
        found = flat(importlib.metadata.entry_points())
    else:
        found = importlib.metadata.entry_points(**params)
        if _reader.GROUPED and not params:
            return grouped(map(_points.convert, flat(found)))
        return _points.EntryPoints(map(_points.convert, found))
    points = map(_points.convert, found)
    return _points.EntryPoints(p for p in points if p.matches(**params))


def _unique(path):
    """The distributions in a path, of one name the first."""
    seen = set()
    for dist in importlib.metadata.distributions(path=path):
        norm = getattr(dist, "_normalized_name", None) or dist.metadata["Name"]
        if norm not in seen:
            seen.add(norm)
            yield dist


def distributions(context):
    """What distributions() of importlib.metadata answers, or raises."""
    return importlib.metadata.distributions(**context)


def archive(entry):
    """The distributions that an entry of sys.path has."""
    context = importlib.metadata.DistributionFinder.Context(path=[entry])
    return importlib.metadata.MetadataPathFinder.find_distributions(context)


def context_of(params):
    """What a finder is asked with."""
    return importlib.metadata.DistributionFinder.Context(**params)

