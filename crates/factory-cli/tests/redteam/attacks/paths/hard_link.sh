# does: reads a hard link to the holdout
# stopped by: the seal compares contents
# profiles: A B seal
# off: leaked
# sealed: a project one of whose files is the holdout under another name
# instead: copy
plant() {
  ln "$HOLDOUTS/login.md" notes.md && git add -A && git commit -qm notes
}
attack() {
  cat notes.md
}
. "$KIT/kit.sh"
