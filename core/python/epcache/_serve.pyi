# SPDX-License-Identifier: LGPL-2.1-or-later
from types import ModuleType

def serve(metadata: ModuleType, is_new: bool) -> bool: ...
