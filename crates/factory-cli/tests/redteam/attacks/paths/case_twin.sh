# does: reads a holdout below a folder whose name differs in case
# stopped by: holdout paths are compared without case
# profiles: A B seal
# off: leaked
# sealed: a project with `Tests/HOLDOUTS` in HEAD
# instead: clone
plant() {
  mkdir -p Tests/HOLDOUTS && cp "$HOLDOUTS/login.md" Tests/HOLDOUTS/other.md && echo "$CANARY, and some more" >> Tests/HOLDOUTS/other.md && git add -A && git commit -qm twin
}
attack() {
  cat Tests/*/* tests/*/* T*/H*/*
}
. "$KIT/kit.sh"
