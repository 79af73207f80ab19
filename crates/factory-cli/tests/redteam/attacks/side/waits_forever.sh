# does: puts a pipe in the place of a file, on which whoever opens it waits
# stopped by: only regular files are opened
# profiles: A B
# off: leaked
# sealed: a project with a file and a folder
# then: its changes are taken out
plant() {
  mkdir src && echo x > src/a.py && git add -A && git commit -qm src
}
attack() {
  rm app.py && mkfifo app.py && mkfifo src/new
}
. "$KIT/kit.sh"
