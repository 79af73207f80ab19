# does: reads the holdout in HEAD
# stopped by: holdout paths are not copied
# profiles: A B seal
# off: leaked
# sealed: a project with its holdouts in the tree
# instead: clone
plant() {
  mkdir -p tests/holdouts && cp "$HOLDOUTS/login.md" tests/holdouts/ && git add -A && git commit -qm scenarios
}
attack() {
  cat tests/holdouts/*; git show HEAD:tests/holdouts/login.md; git checkout HEAD -- tests && cat tests/holdouts/*
}
. "$KIT/kit.sh"
