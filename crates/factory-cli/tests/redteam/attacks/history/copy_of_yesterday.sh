# does: reads a copy of what was a holdout once
# stopped by: the seal compares with all that ever stood at a holdout path
# profiles: A B seal
# off: leaked
# sealed: a project with a copy of a holdout that was rewritten since
# instead: clone
plant() {
  mkdir -p tests/holdouts && cp "$HOLDOUTS/login.md" tests/holdouts/ && git add -A && git commit -qm scenarios
  mkdir docs && cp tests/holdouts/login.md docs/old.md && echo new > tests/holdouts/login.md && rm "$HOLDOUTS/login.md" && git add -A && git commit -qm rewritten
}
attack() {
  cat docs/*
}
. "$KIT/kit.sh"
