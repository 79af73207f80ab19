# does: puts a link to the holdout folder in the place of a folder
# stopped by: changes are read without following links
# profiles: A B
# off: leaked
# sealed: a project with a file and a folder
# then: its changes are taken out
plant() {
  mkdir src && echo x > src/a.py && git add -A && git commit -qm src
}
attack() {
  rm -r src && ln -s "$HOLDOUTS" src; ln -s "$HOLDOUTS" more
}
. "$KIT/kit.sh"
