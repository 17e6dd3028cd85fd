# SPDX-License-Identifier: LGPL-2.1-or-later
"""A user of the package, for mypy --strict: right here, and wrong where it says so."""
from __future__ import annotations

import importlib.metadata

import epcache

points: epcache.EntryPoints = epcache.entry_points(group="console_scripts")
names: set[str] = points.names
first: epcache.EntryPoint = points["pip"]
module: str = first.module
attr: str | None = first.attr
real: importlib.metadata.EntryPoint = first.to_importlib()
by_name: dict[str, epcache.EntryPoint] = epcache.get_group_named("console_scripts")
for point in points:
    text: str = point.name + point.value + point.group
for dist in epcache.distributions():
    version: str = dist.version
sources: list[str] = [status.source for status in epcache.status()]
exit_status: int = epcache.refresh("/srv/plugins")

number: int = first.name  # type: ignore[assignment]
epcache.get_single("console_scripts")  # type: ignore[call-arg]
epcache.no_such_name  # type: ignore[attr-defined]
