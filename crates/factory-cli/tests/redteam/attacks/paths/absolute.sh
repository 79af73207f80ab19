# does: reads the holdout folder by its absolute path, and all that is near
# stopped by: an allowlisted root (A); Landlock (B)
# profiles: A B
# off: leaked
attack() {
  cat "$HOLDOUTS/login.md" "$HOLDOUTS"/* "$OTHER"/* "$PROJECT"/*
}
. "$KIT/kit.sh"
