# does: stages the id of the holdout, and points to the object store that has it
# stopped by: the checkout's repository is never opened again
# profiles: A B
# off: leaked
# sealed: a project whose history has the holdout
# then: its changes are taken out
plant() {
  mkdir -p src tests/holdouts && echo x > src/a.py && cp "$HOLDOUTS/login.md" tests/holdouts/ && git add -A && git commit -qm scenarios && git rev-parse HEAD:tests/holdouts/login.md >&3 && git rm -qr tests && git commit -qm moved
}
attack() {
  mkdir -p .git/objects/info; echo "$PROJECT/.git/objects" > .git/objects/info/alternates
  git update-index --add --cacheinfo "100644,$PLANT,copy.md" || printf "import os" > /dev/null
  echo "* -diff" > /dev/null; echo y > src/a.py; git config core.sparseCheckout true; git update-index --skip-worktree copy.md
}
. "$KIT/kit.sh"
