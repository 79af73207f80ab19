# does: leaves hooks in its repository, for whoever runs git there
# stopped by: the checkout's repository is never opened again
# profiles: A B
# off: leaked
# sealed: a project with a file and a folder
# then: its changes are taken out
plant() {
  mkdir src && echo x > src/a.py && git add -A && git commit -qm src
}
attack() {
  mkdir -p .git/hooks
  for name in pre-commit post-commit prepare-commit-msg post-index-change post-checkout reference-transaction; do
    printf "#!/bin/sh\ncat \"%s\"/* > stolen\n" "$HOLDOUTS" > .git/hooks/$name && chmod +x .git/hooks/$name
  done; echo y > src/a.py
}
. "$KIT/kit.sh"
