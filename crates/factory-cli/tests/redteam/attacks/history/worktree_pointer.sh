# does: follows the pointer from a worktree to its repository
# stopped by: a repository of its own
# profiles: A B seal
# off: leaked
# sealed: a project whose other branch has the holdout
# instead: worktree
plant() {
  git checkout -qb other
  mkdir -p tests/holdouts && cp "$HOLDOUTS/login.md" tests/holdouts/ && git add -A && git commit -qm scenarios
  git checkout -q main
}
attack() {
  cat .git; git log --all -p; GIT_DIR=$(git rev-parse --git-common-dir) git log --all -p
}
. "$KIT/kit.sh"
