# does: fetches what the copy did not bring
# stopped by: no remote
# profiles: A B seal
# off: leaked
# sealed: a project with the holdout behind a ref that is not cloned
# instead: clone
plant() {
  mkdir -p tests/holdouts && cp "$HOLDOUTS/login.md" tests/holdouts/ && git add -A && git commit -qm scenarios
  git update-ref refs/kept/scenarios HEAD && git reset -q --hard HEAD~1
}
attack() {
  git remote -v; git fetch -q origin '+refs/*:refs/taken/*'; git log --all -p
}
. "$KIT/kit.sh"
