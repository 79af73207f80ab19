//! Has the binary built again when a file that it carries is added or removed: `include_dir!` tells cargo of none.

fn main() {
    for folder in ["pipelines", "examples", "scenarios-holdout"] {
        println!("cargo::rerun-if-changed=../../{folder}");
    }
}
