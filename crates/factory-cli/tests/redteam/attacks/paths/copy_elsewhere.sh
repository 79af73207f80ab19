# does: reads a copy of the holdout that stands under another name in HEAD
# stopped by: the seal compares contents
# profiles: A B seal
# off: leaked
# sealed: a project with a copy of the holdout in its documentation
plant() {
  mkdir docs && cp "$HOLDOUTS/login.md" docs/how-we-test.md && git add -A && git commit -qm docs
}
attack() { cat docs/*; }
. "$KIT/kit.sh"
