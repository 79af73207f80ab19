# does: has git look for lost objects
# stopped by: the proof: all objects are those of the one commit
# profiles: A B seal
# off: leaked
# sealed: a project whose branch with the holdout was deleted
# instead: copy
plant() {
  git checkout -qb gone
  mkdir -p tests/holdouts && cp "$HOLDOUTS/login.md" tests/holdouts/ && git add -A && git commit -qm scenarios
  git checkout -q main && git branch -qD gone && rm -r .git/logs
}
attack() {
  git fsck --lost-found --no-reflogs; cat .git/lost-found/*/* ; for id in $(ls .git/lost-found/commit); do git show "$id"; done
}
. "$KIT/kit.sh"
