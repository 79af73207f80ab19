# does: goes through `/proc/self/root`
# stopped by: that leads to the sandbox's own root (A); no `/proc` (B)
# profiles: A B
# off: leaked
attack() {
  cat "/proc/self/root$HOLDOUTS/login.md" "/proc/thread-self/root$HOLDOUTS/login.md" "/proc/$$/root$HOLDOUTS/login.md"
}
. "$KIT/kit.sh"
