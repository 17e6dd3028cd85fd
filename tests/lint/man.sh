#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# man.sh - mandoc has no warning about our manual pages.
set -u
cd "$(dirname "$0")/../.." || exit 1

find core/man -name '*.[1-8]' -print0 | xargs -0r mandoc -T lint -W warning
