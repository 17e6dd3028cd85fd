#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# An action for epcache: keeps how large the last change was, in a folder of its user's.
#
# To be registered, by root, as /etc/epcache/actions.d/70-log-size.action:
#
#     Description=Keep how large the last change was
#     Exec=/bin/sh /usr/libexec/log-size.sh /var/lib/log-size
#     Mode=user
#     User=log-size
#     WritablePath=/var/lib/log-size
#
# There is no JSON in sh: where its content matters, give it to jq(1).
set -eu

change=$(mktemp "$1/.change-XXXXXX")
cat >"$change"
wc -c <"$change" >"$1/size"
mv "$change" "$1/last-change.json"
