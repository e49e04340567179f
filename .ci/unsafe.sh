#!/usr/bin/env bash
# How much of the code the compiler cannot check, and that the macros have none of it.
. "$(dirname "${BASH_SOURCE[0]}")/lane.sh"

blocks() {
  grep -rhoE '\bunsafe \{' --include='*.rs' "$1" | wc -l
}

grep -qx '#!\[forbid(unsafe_code)\]' macros/src/lib.rs || fail "macros/ does not forbid unsafe code"
echo "unsafe blocks: adapter/src $(blocks adapter/src), spdk-wrappers/src $(blocks spdk-wrappers/src), macros/ 0 (forbidden)"
passed unsafe 1
