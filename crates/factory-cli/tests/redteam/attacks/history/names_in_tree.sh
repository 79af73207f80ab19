# does: reads the names of holdouts from the tree
# stopped by: a new tree, without holdout paths
# profiles: A B seal
# off: leaked
# sealed: a project with a holdout whose name says it all
# instead: clone
plant() {
  mkdir -p tests/holdouts && echo x > "tests/holdouts/password-is-$CANARY.md" && git add -A && git commit -qm scenarios
}
attack() {
  git ls-tree -r HEAD; git ls-files; find .
}
. "$KIT/kit.sh"
