#!/bin/bash
# units.sh MADE SOURCE: what systemd says of the units in MADE (configured) and SOURCE (as they are).
#   - systemd-analyze verify has nothing to say, neither error nor warning
#   - systemd-analyze security: the daemon is exposed by at most 1.5, a local worker by at most 0.5
#   - each program that a unit starts, and the parser that the daemon starts, may be executed in it
#   - user and directories are understood by sysusers and tmpfiles
set -u
made=$1 source=$2 failed=0
command -v systemd-analyze >/dev/null || exit 77

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAILED: $*"
    failed=1
}

# The programs need not be installed here: a stand-in at their place satisfies verify.
mkdir "$work/units"
cp "$made/datelined.service" "$made/dateline-worker@.service" "$source/dateline-workers.target" "$work/units"
sed -E -i 's,^(Exec(Start|StartPre|Reload)=)[^ ]*/dateline[a-z-]*,\1/bin/true,' "$work"/units/*.service
for unit in datelined.service dateline-worker@1.service dateline-workers.target; do
    case $unit in *@1.service) cp "$work/units/dateline-worker@.service" "$work/units/$unit" ;; esac
    said=$(SYSTEMD_UNIT_PATH="$work/units:" systemd-analyze verify --man=no --recursive-errors=no "$work/units/$unit" 2>&1) ||
        fail "verify $unit"
    [ -z "$said" ] || fail "verify $unit says: $said"
done

exposed() { # UNIT MOST, in tenths
    systemd-analyze security --offline=true --threshold="$2" "$work/units/$1" >"$work/table" 2>&1 ||
        fail "$1 is exposed by more than $2 tenths"
    tail -1 "$work/table"
}
exposed datelined.service 15
exposed dateline-worker@.service 5

may_execute() { # UNIT PROGRAM-SUFFIX
    grep -Eq "^ExecPaths=.*/$2( |\$)" "$made/$1" || fail "$1 may not execute $2"
}
may_execute datelined.service datelined
may_execute datelined.service dateline-parser
may_execute dateline-worker@.service dateline-worker
grep -l '@[A-Z]*@' "$made"/*.service "$made"/*.conf "$made"/*.yaml && fail "a path was not filled in"

root=$work/root
mkdir -p "$root/etc"
if command -v systemd-sysusers >/dev/null; then
    systemd-sysusers --root="$root" "$made/sysusers.conf" || fail "sysusers"
    grep -q '^dateline:' "$root/etc/passwd" || fail "no user dateline was made"
fi
exit $failed
