#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# spelling.sh - codespell finds no typing error in sources and documents.
set -u
cd "$(dirname "$0")/../.." || exit 1
shopt -s nullglob

# Right where they stand: data of a test; macros of mdoc(7).
allowed='nam,nd,fo,wronly,caf'

codespell --skip '*/fixtures/*,*/corpus/*,*-tables.h,*.pyc' -L "$allowed" \
	core hooks/ tests Makefile ./*.md .ci || exit 1
