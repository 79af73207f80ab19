# does: goes back to where branches once were
# stopped by: no reflog
# profiles: A B seal
# off: leaked
# sealed: a project whose branch was moved back before the commit with the holdout
# instead: copy
plant() {
  mkdir -p tests/holdouts && cp "$HOLDOUTS/login.md" tests/holdouts/ && git add -A && git commit -qm scenarios
  git reset -q --hard HEAD~1
}
attack() {
  git log -g -p --all; git show "HEAD@{1}:tests/holdouts/login.md"; cat .git/logs/HEAD
}
. "$KIT/kit.sh"
