#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# real-packages.sh - answers about real Debian packages against those of every CPython:
# the tree of python3-openstackclient, and some fifty more with entry points.
#
# See packages.bash for where they come from, and are kept.
set -eu
cd "$(dirname "$0")/../.."
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1
. tests/python/packages.bash

client=python3-openstackclient
others=(ansible-core black bpython flit httpie mkdocs pylint tox twine yamllint
	python3-alembic python3-babel python3-build python3-celery python3-coverage
	python3-dask python3-distributed python3-django python3-docutils python3-fabric
	python3-flake8 python3-flake8-docstrings python3-gunicorn python3-hatch-vcs
	python3-hatchling python3-heatclient python3-hypothesis python3-ipython
	python3-ironicclient python3-isort python3-jupyter-client python3-jupyter-core
	python3-keyring python3-mako python3-markdown python3-nbconvert python3-nose2
	python3-notebook python3-oslo.messaging python3-oslo.policy python3-paste
	python3-pip python3-poetry python3-pygments python3-pyramid python3-pytest
	python3-pytest-asyncio python3-pytest-cov python3-pytest-mock
	python3-pytest-timeout python3-pytest-xdist python3-reno python3-scrapy
	python3-setuptools python3-setuptools-scm python3-sphinx
	python3-sphinx-rtd-theme python3-sqlparse python3-stestr python3-twisted
	python3-uvicorn python3-virtualenv python3-wheel python3-zope.testrunner)
packages=usr/lib/python3/dist-packages
changes=10
[ -z "${LONG-}" ] || changes=300

packages_begin
resolve_tree tree '^python3-' "$client"
download_all "${tree[@]}" "${others[@]}"
missing=$(unpack "$top/client" "${tree[@]}"; unpack "$top/others" "${others[@]}")
missing=${missing//$'\n'/ }

folders=()
for root in client others; do
	[ ! -d "$top/$root/$packages" ] || folders+=("$top/$root/$packages")
done
[ "${#folders[@]}" -gt 0 ] || skip_all "real packages" "no package could be downloaded, and none is kept"

read -ra absent <<<"$missing"
echo "# packages: ${#tree[@]} in the tree of $client, ${#others[@]} others," \
	"${#absent[@]} of them missing"
options=()
[ -z "$missing" ] || options=(--skip "packages not to be had: $missing")
"${PYTHON:-/usr/bin/python3}" tests/python/differential.py --changes "$changes" \
	"${options[@]}" "${folders[@]}"
