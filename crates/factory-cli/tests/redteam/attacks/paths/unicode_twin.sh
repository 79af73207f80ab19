# does: reads a holdout below a folder whose name is composed of other characters
# stopped by: holdout paths are compared in one Unicode form
# profiles: A B seal
# off: leaked
# sealed: a project with `prüfungen` in HEAD, the dots as a character of their own
# instead: clone
plant() {
  folder=$(printf "pru\314\210fungen") && mkdir "$folder" && echo "$CANARY, and some more" > "$folder/login.md" && git add -A && git commit -qm twin
}
attack() {
  cat pr*/*
}
. "$KIT/kit.sh"
