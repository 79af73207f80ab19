# does: looks into the stash
# stopped by: no ref but one branch
# profiles: A B seal
# off: leaked
# sealed: a project with the holdout in its stash
# instead: copy
plant() {
  mkdir -p tests/holdouts && cp "$HOLDOUTS/login.md" tests/holdouts/ && git add -A && git stash -q
}
attack() {
  git stash list -p --include-untracked; git show refs/stash:tests/holdouts/login.md
}
. "$KIT/kit.sh"
