# does: goes through `/proc/self/cwd/..`
# stopped by: an allowlisted root (A); no `/proc` (B)
# profiles: A B
# off: leaked
attack() {
  cat /proc/self/cwd/../../../holdouts/login.md /proc/self/cwd/../../holdouts/login.md
}
. "$KIT/kit.sh"
