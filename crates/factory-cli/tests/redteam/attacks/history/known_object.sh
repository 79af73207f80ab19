# does: asks for the object id of the holdout, which it knows
# stopped by: the proof: no object is a holdout's
# profiles: A B seal
# off: leaked
# sealed: a project whose history has the holdout
# instead: clone
plant() {
  mkdir -p tests/holdouts && cp "$HOLDOUTS/login.md" tests/holdouts/ && git add -A && git commit -qm scenarios
  git rm -qr tests/holdouts && git commit -qm "scenarios are elsewhere now"
  git rev-parse HEAD~1:tests/holdouts/login.md >&3
}
attack() {
  git cat-file -p "$PLANT"
}
. "$KIT/kit.sh"
