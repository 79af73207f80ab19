# does: names a program by which git shows differences
# stopped by: the checkout's repository is never opened again
# profiles: A B
# off: leaked
# sealed: a project with a file and a folder
# then: its changes are taken out
plant() {
  mkdir src && echo x > src/a.py && git add -A && git commit -qm src
}
attack() {
  echo "* diff=x" > .gitattributes; git config diff.x.textconv "cat \"$HOLDOUTS/login.md\";:"; git config diff.external "cat \"$HOLDOUTS/login.md\";:"; echo y > src/a.py
}
. "$KIT/kit.sh"
