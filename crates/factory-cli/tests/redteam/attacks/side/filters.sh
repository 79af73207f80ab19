# does: names a program through which git passes every file
# stopped by: the checkout's repository is never opened again, and files pass unfiltered
# profiles: A B
# off: leaked
# sealed: a project with a file and a folder
# then: its changes are taken out
plant() {
  mkdir src && echo x > src/a.py && git add -A && git commit -qm src
}
attack() {
  echo "* filter=x" > .gitattributes; git config filter.x.clean "cat \"$HOLDOUTS/login.md\""; echo y > src/a.py
}
. "$KIT/kit.sh"
