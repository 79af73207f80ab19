# does: puts a link to the holdout in the place of a file, for whoever takes the changes out
# stopped by: changes are read without following links
# profiles: A B
# off: leaked
# sealed: a project with a file and a folder
# then: its changes are taken out
plant() {
  mkdir src && echo x > src/a.py && git add -A && git commit -qm src
}
attack() {
  rm app.py && ln -s "$HOLDOUTS/login.md" app.py && ln -s "$HOLDOUTS/login.md" new.py
}
. "$KIT/kit.sh"
