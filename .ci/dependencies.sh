#!/usr/bin/env bash
# Nothing that a manifest of the workspace names is built in two major versions, and, where cargo-audit and
# its database are there, nothing has an advisory or is unmaintained.
. "$(dirname "${BASH_SOURCE[0]}")/lane.sh"

# tree ARGUMENTS: "name major" for each package. Below 1.0 the minor number is the major one.
tree() {
  cargo tree --workspace --all-features --edges normal,build,dev --prefix none --format '{p}' "$@" |
    awk 'NF {sub(/^v/, "", $2); split($2, v, "."); print $1, (v[1] == "0" ? "0." v[2] : v[1])}' |
    sort -u
}

direct=$(tree --depth 1 --no-dedupe)
# What is built more than once, be it with other features only.
twice=$(tree --duplicates --depth 0 2>/dev/null | awk '{print $1}' | uniq -d)
both=$(comm -12 <(awk '{print $1}' <<<"$direct" | sort -u) <(sort -u <<<"$twice"))
[ -z "${both//[$'\n ']/}" ] || fail "in two major versions: ${both//$'\n'/, }"
echo "$(wc -l <<<"$direct") direct dependencies, each in one major version"
passed dependencies 1

if cargo audit --version >/dev/null 2>&1 && [ -d "${CARGO_HOME:-$HOME/.cargo}/advisory-db" ]; then
  cargo audit --no-fetch --deny warnings
  passed advisories 1
else
  echo "advisories: skipped, there is no cargo-audit with its database"
fi
