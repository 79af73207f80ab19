# does: looks at what git puts in the place of objects
# stopped by: objects are copied as they are, and no ref
# profiles: A B seal
# off: leaked
# sealed: a project with a replacement for one of its files
# instead: copy
plant() {
  git replace "$(git rev-parse HEAD:app.py)" "$(git hash-object -w "$HOLDOUTS/login.md")"
}
attack() {
  git show HEAD:app.py; git replace -l; cat .git/refs/replace/*
}
. "$KIT/kit.sh"
