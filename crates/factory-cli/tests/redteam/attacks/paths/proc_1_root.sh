# does: goes through the root of the machine's first process
# stopped by: the first process is the sandbox's own, and closed (A); no `/proc` (B)
# profiles: A B
# off: leaked
attack() {
  cat "/proc/1/root$HOLDOUTS/login.md" /proc/*/root"$HOLDOUTS/login.md" /proc/1/cwd"$HOLDOUTS/login.md"
}
. "$KIT/kit.sh"
