# Sourced by the executable tests/run-*: counting, and the programs under test.
#   check NAME COMMAND...   passes when the command succeeds; what it prints is shown when it does not
#   skip REASON             the whole test has nothing to do here
#   finish                  the last line, and the exit status
# MYBEAM_ARTIFACTS names another place for the results of scripts/build.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
artifacts=${MYBEAM_ARTIFACTS:-$root/artifacts}
mybeam=$artifacts/mybeam
passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

pass() { passed=$((passed + 1)); }
fail() { failed=$((failed + 1)); echo "FAILED $*"; }

check() {
  local name=$1; shift
  if "$@" >"$work/check.log" 2>&1; then pass; else fail "$name"; head -n 20 "$work/check.log" | sed 's/^/    /'; fi
}

skip() { echo "skipped: $*"; echo "0 passed, 0 failed"; exit 0; }

finish() { echo "$passed passed, $failed failed"; [ "$failed" = 0 ] || exit 1; exit 0; }

# A test of a program that was not built is no pass.
need() { [ -x "$1" ] || { fail "${1#"$root/"} is missing: scripts/build makes it"; finish; }; }
