#!/usr/bin/env bash
# No crate of the workspace is built against two major versions of something that we name ourselves.
. "$(dirname "${BASH_SOURCE[0]}")/lane.sh"

# "name major" of what our manifests name. Below 1.0 the minor number is the major one.
direct() {
  cargo tree --workspace --all-features --edges normal,build,dev --depth 1 --prefix none --format '{p}' |
    awk '{sub(/^v/, "", $2); split($2, v, "."); print $1, (v[1] == "0" ? "0." v[2] : v[1])}' |
    sort -u
}

duplicates=$(direct | awk '{print $1}' | uniq -d)
[ -z "$duplicates" ] || fail "direct dependencies in two major versions: ${duplicates//$'\n'/, }"
echo "$(direct | wc -l) direct dependencies, each in one major version"
passed dependencies 1
