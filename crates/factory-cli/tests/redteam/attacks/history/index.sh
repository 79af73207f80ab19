# does: asks the index for a file that was staged once
# stopped by: an index made from HEAD alone
# profiles: A B seal
# off: leaked
# sealed: a project with the holdout staged, and on disk no more
# instead: copy
plant() {
  mkdir -p tests/holdouts && cp "$HOLDOUTS/login.md" tests/holdouts/ && git add -A && rm -r tests/holdouts
}
attack() {
  git ls-files -s; git show :tests/holdouts/login.md; git checkout -- . && cat tests/holdouts/*
}
. "$KIT/kit.sh"
