# does: looks through the log of all branches and tags for a holdout that was removed from the tree
# stopped by: one commit without parents
# profiles: A B seal
# off: leaked
# sealed: a project whose history has the holdout, and whose HEAD has not
# instead: clone
plant() {
  mkdir -p tests/holdouts && cp "$HOLDOUTS/login.md" tests/holdouts/ && git add -A && git commit -qm scenarios
  git tag scenarios && git rm -qr tests/holdouts && git commit -qm 'scenarios are elsewhere now'
}
attack() {
  git log --all -p --full-history --reflog 2>&1
}
. "$KIT/kit.sh"
