# does: tells git that its files are in the holdout folder
# stopped by: the checkout's repository is never opened again
# profiles: A B
# off: leaked
# sealed: a project with a file and a folder
# then: its changes are taken out
plant() {
  mkdir src && echo x > src/a.py && git add -A && git commit -qm src
}
attack() {
  git config core.worktree "$HOLDOUTS"; echo y > src/a.py
}
. "$KIT/kit.sh"
