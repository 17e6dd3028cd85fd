# SPDX-License-Identifier: LGPL-2.1-or-later
class Status:
    path: str
    source: str
    reason: str | None
    cache_file: str | None
    distributions: int
    entry_points: int
    def __init__(
        self,
        path: str,
        source: str,
        reason: str | None = None,
        cache_file: str | None = None,
        counts: tuple[int, int] = (0, 0),
    ) -> None: ...
