# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# rpm.bash - systems of rpm, and packages for them.
#
#     load lib
#     load rpm
#     setup_file() { rpm_begin; }
#     teardown_file() { hooks_end; }
#     setup() { rpm_root; }
#
# Each test has a system with a Python and a distribution, all installed by rpm, and not
# yet ours.  $OURS and $NEXT are our packages, $NEXT a release later.

# shellcheck disable=SC2034,SC2153,SC2154 # of lib.bash, and for those who load this

LIB=/usr/lib/python3.11/site-packages
LIB64=/usr/lib64/python3.11/site-packages

# ours_build - build our packages, unless these sources' are there from the last time.
# Of the files that run at the same time one builds, and the others wait.
ours_build() {
	local lock

	export KEPT_RPM
	KEPT_RPM=$KEPT/rpm-$(kept_key)
	mkdir -p "$KEPT"
	exec {lock}>"$KEPT/rpm.lock"
	flock "$lock"
	[ -e "$KEPT_RPM" ] || ours_keep "$KEPT/rpm.new" || return
	exec {lock}>&-

	OURS=$(find "$KEPT_RPM/ours" -name 'epcache-[0-9]*.rpm')
	NEXT=$(find "$KEPT_RPM/next" -name 'epcache-[0-9]*.rpm')
	export OURS NEXT
}

ours_keep() {
	local top=$1

	rm -rf "$KEPT"/rpm-* "$top"
	ours_make "$top" "$TREE/hooks/rpm/epcache.spec" >"$WORK/built" 2>&1 || {
		tail -n 20 "$WORK/built" >&2
		return 1
	}
	rm -rf "$top"/BUILD*
	mv -T "$top" "$KEPT_RPM"
}

ours_make() {
	local top=$1 spec=$2

	bash "$TREE/hooks/rpm/build.sh" "$top" --nocheck --noclean \
		--define "_rpmdir $top/ours" || return
	# Of what has been compiled.
	rpmbuild -bb --nodeps --noprep --nocheck --define "_topdir $top" --define 'dist .next' \
		--define "_rpmdir $top/next" \
		--define 'python3_sitelib /usr/lib/python3.99/site-packages' "$spec"
}

# package NAME VERSION RELEASE FOLDER [LINE]... - of all that is in the folder; lines are
# for the recipe, after its %install.
package() {
	local name=$1 version=$2 release=$3 from=$4 spec=$WORK/top/$1-$2-$3.spec

	local own='*-info'

	[ "$name" != python3 ] || own='*/python3*'
	shift 4
	mkdir -p "$WORK/top"
	{
		printf '%s: %s\n' Name "$name" Version "$version" Release "$release" \
			Summary test License MIT BuildArch noarch AutoReqProv no
		printf '%%description\nA test.\n'
		printf '%%install\nmkdir -p %%{buildroot}\ncp -a %s/. %%{buildroot}\n' "$from"
		printf '%s\n' "$@"
		printf '%%files\n'
		(cd "$from" && find . -type d -path "$own" -printf '%%dir "/%P"\n' -o \
			-not -type d -printf '"/%P"\n')
	} >"$spec"
	rpmbuild -bb --quiet --define "_topdir $WORK/top/$name" \
		--define "_rpmdir $WORK" --define '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.rpm' \
		--define '__os_install_post %{nil}' "$spec" >"$spec.log" 2>&1 </dev/null ||
		{ cat "$spec.log" >&2; return 1; }
}

# dist_package DIR NAME VERSION RELEASE VALUE [LINE]... - a distribution, with one entry
# point.
dist_package() {
	local from=$WORK/from/$2-$3-$4

	dist_make "$from$1/$2-$3.dist-info" "[g]\n$2 = $5\n"
	package "$2" "$3" "$4" "$from" "${@:6}"
}

# rpm_begin - all that the tests of a file share.  What is needed and not
# there is told by rpm_root, since here nothing can be skipped.
rpm_begin() {
	hooks_begin
	export TEMPLATE=$WORK/template
	rpm_lacks && return
	ours_build || return

	python_make "$WORK/python" 3.11 /usr/lib64
	mkdir -p "$WORK/python$LIB"
	package python3 3.11 1 "$WORK/python" 
	dist_package "$LIB" old 1.0 1 old:one

	ROOT=$TEMPLATE
	root_make "$ROOT" "$EPCACHE"
	mkdir -p "$ROOT$LIB" "$ROOT/var/lib/rpm"
	rpm_do --initdb && rpm_do -i "$WORK"/{python3-3.11,old-1.0}-1.rpm
}

# rpm_lacks - what of all that rpm's tests need is not here?
rpm_lacks() {
	local command

	for command in rpm rpmbuild; do
		command -v "$command" >/dev/null || { echo "$command"; return; }
	done
	[ -x "${EPCACHE%/*}/epcache-owner-rpm" ] || { echo 'the headers of rpm'; return; }
	[ -x /bin/busybox ] || { echo 'busybox, linked statically'; return; }
	false
}

# rpm_root - a system of this test alone.
rpm_root() {
	local lack

	! lack=$(rpm_lacks) || skip "needs $lack"
	needs_roots
	ROOT=$WORK/root-$BATS_TEST_NUMBER
	cp -a "$TEMPLATE" "$ROOT"
}

rpm_root_end() {
	rm -rf "${ROOT:?}"
}

# said_of_us - without what Debian's rpm adds, and what rpm 4.20 and later say of --root.
said_of_us() {
	grep -v -e '^rpm: RPM should not be used' -e '^rpm: However assuming' \
		-e '^warning: private mounts in chroot not implemented$' "$WORK/said"
}

# rpm_do OPTION... - what rpm prints is in $said.
rpm_do() {
	local status=0

	"${ns[@]}" rpm --root "$ROOT" --dbpath /var/lib/rpm "$@" >"$WORK/said" 2>&1 </dev/null ||
		status=$?
	said=$(said_of_us) || true
	[ "$status" -eq 0 ] || echo "rpm $*: $said" >&2
	return "$status"
}

# transaction OPTION... - it succeeds, nothing is said, and all is right after it.
transaction() {
	rpm_do "$@" || { echo "rpm $*: $said"; return 1; }
	[ -z "$said" ] || { echo "said: $said"; return 1; }
	is_right "$LIB64" "$LIB"
}

WRITE='rename.*"[.]tmp-.*[.]v1".*= 0$'
RUN='execve[(]"/usr/bin/epcache", \[[^]]*"trigger".*= 0$'

# writes - of cache files, in the trace of the last transaction.
writes() {
	grep -c "$WRITE" "$WORK/trace"
}

# late_writes - those of all runs of our tool but the first.
late_writes() {
	awk -v write="$WRITE" -v run="$RUN" \
		'$0 ~ run { runs++ } runs > 1 && $0 ~ write { n++ } END { print n + 0 }' "$WORK/trace"
}

# runs - of our trigger, in the trace; an action may ask the tool as well.
runs() {
	grep -c "$RUN" "$WORK/trace"
}

# traced OPTION... - a transaction, and which of the calls that matter it made.
traced() {
	"${ns[@]}" strace -f --seccomp-bpf -qq -e trace=execve,rename,renameat,renameat2 \
		-o "$WORK/trace" rpm --root "$ROOT" --dbpath /var/lib/rpm "$@" >/dev/null 2>&1
	is_right "$LIB64" "$LIB"
}
