# does: follows the pointer to another object store
# stopped by: no alternates
# profiles: A B seal
# off: leaked
# sealed: a project whose history has the holdout
# instead: shared
plant() {
  mkdir -p tests/holdouts && cp "$HOLDOUTS/login.md" tests/holdouts/ && git add -A && git commit -qm scenarios
  git rm -qr tests/holdouts && git commit -qm "scenarios are elsewhere now"
}
attack() {
  store=$(cat .git/objects/info/alternates) && GIT_DIR=$(dirname "$store") git log --all -p
}
. "$KIT/kit.sh"
