//! The program as a whole: what it prints, how it ends, what it leaves in its file.

mod helpers;

use helpers::Todo;

#[test]
fn items_are_added_listed_done_and_removed() {
    let todo = Todo::new("items");
    todo.run(&["list"]).prints("");
    todo.run(&["add", "Buy milk"]).prints("added 1\n");
    todo.run(&["add", "  Call Ann  "]).prints("added 2\n");
    todo.run(&["list"]).prints("1. Buy milk\n2. Call Ann\n");
    todo.run(&["done", "1"]).prints("done 1\n");
    todo.run(&["list"]).prints("2. Call Ann\n");
    todo.run(&["list", "--all"]).prints("1. [done] Buy milk\n2. Call Ann\n");
    todo.run(&["rm", "1"]).prints("removed 1\n");
    todo.run(&["list", "--all"]).prints("2. Call Ann\n");
}

#[test]
fn json_has_the_day_of_the_clock() {
    let todo = Todo::new("json");
    todo.clock(86_400.0 * 1.5);
    todo.run(&["add", "Say \"hi\""]).prints("added 1\n");
    let output = todo.run(&["list", "--json"]).output();
    assert!(output.starts_with(r#"[{"id":1,"text":"Say \"hi\"","done":false,"added":"20"#), "{output}");
    assert!(output.ends_with("}]\n") && output.lines().count() == 1, "{output}");
}

#[test]
fn what_is_wrong_is_said_on_standard_error() {
    let todo = Todo::new("wrong");
    for arguments in [&["add"][..], &["add", " "], &["add", "a\nb"], &["done", "x"], &["list", "--al"], &["fly"]] {
        todo.run(arguments).fails(2);
    }
    todo.run(&["done", "1"]).fails(1);
    todo.run(&["rm", "1"]).fails(1);
    assert!(!todo.file().exists(), "nothing was written");
}

#[test]
fn a_file_that_is_not_understood_is_left_alone() {
    let todo = Todo::new("strange");
    for text in ["", "todo 9\n", "todo 1\nnonsense\n"] {
        std::fs::write(todo.file(), text).unwrap();
        todo.run(&["add", "Buy milk"]).fails(1);
        assert_eq!(std::fs::read_to_string(todo.file()).unwrap(), text);
    }
}
