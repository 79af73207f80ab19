//! A base that has moved: where the branch is now, and patches that are carried there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use factory_core::artifact::{Change, FileChange, Patch};
use factory_core::ids::{Digest, GitOid};
use factory_engine::port::workspace::{Contents, Landing, Rebased, WorkspaceError, Workspaces};
use factory_workspace::{GitWorkspaces, Project, WorkspaceConfig};
use git2::{BranchType, Index, IndexEntry, IndexTime, MergeOptions, Oid, Repository};

use crate::support::{self, Fixture, effect_of, oid, patch, refusal, set_executable, words};

const TEXT: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

fn rebase(
    workspaces: &GitWorkspaces,
    work: &(Patch, Contents),
    from: &GitOid,
    onto: &GitOid,
) -> Result<Rebased, WorkspaceError> {
    support::wait(workspaces.rebase(&work.0, &work.1, from, onto))
}

#[track_caller]
fn clean(rebased: Result<Rebased, WorkspaceError>) -> (Patch, Contents) {
    match rebased.unwrap() {
        Rebased::Clean { patch, contents } => (patch, contents),
        Rebased::Conflict { paths } => panic!("conflicts at {paths:?}"),
    }
}

#[track_caller]
fn conflicts(rebased: Result<Rebased, WorkspaceError>) -> Vec<String> {
    match rebased.unwrap() {
        Rebased::Clean { patch, .. } => panic!("clean: {:?}", words(&patch)),
        Rebased::Conflict { paths } => paths,
    }
}

/// What a patch writes to a file.
fn content<'a>(work: &'a (Patch, Contents), path: &str) -> &'a [u8] {
    match &work.0.changes.iter().find(|change| change.path == path).unwrap().change {
        Change::Written { content, .. } => &work.1[content],
        Change::Deleted => panic!("{path} is deleted"),
    }
}

/// A repository whose base has been worked on in a checkout and whose branch has moved since.
struct Moved {
    fixture: Fixture,
    workspaces: GitWorkspaces,
    work: (Patch, Contents),
    from: GitOid,
    onto: GitOid,
}

impl Moved {
    fn new(files: &[(&str, &str)], work: impl FnOnce(&Path), meanwhile: impl FnOnce(&Path)) -> Self {
        let fixture = Fixture::with(files);
        let workspaces = fixture.workspaces();
        let from = fixture.head();
        let checkout = fixture.seal(&workspaces).unwrap();
        work(&checkout.root);
        let work = fixture.extract(&workspaces, &checkout).unwrap();
        meanwhile(&fixture.root);
        let onto = fixture.commit("meanwhile");
        Self { fixture, workspaces, work, from, onto }
    }

    fn rebase(&self) -> Result<Rebased, WorkspaceError> {
        rebase(&self.workspaces, &self.work, &self.from, &self.onto)
    }

    /// The rebased patch, sealed on the new base and taken out again: it must be the same.
    #[track_caller]
    fn clean(&self) -> (Patch, Contents) {
        let work = clean(self.rebase());
        let checkout = self.fixture.seal_with(&self.workspaces, &work).unwrap();
        assert_eq!(self.fixture.extract(&self.workspaces, &checkout).unwrap(), work);
        work
    }
}

fn write(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    support::write(root, path, content);
}

fn remove(root: &Path, path: &str) {
    fs::remove_file(root.join(path)).unwrap();
}

pub(crate) fn the_tip_is_where_the_branch_is_now() {
    let fixture = Fixture::with(&[("a", "1")]);
    let workspaces = fixture.workspaces();
    let tip = |branch: Option<&str>| support::wait(workspaces.tip(branch)).unwrap();
    let first = fixture.head();
    assert_eq!(tip(Some("main")), Some(first.clone()));
    fixture.write("a", "2");
    let second = fixture.commit("second");
    assert_eq!(tip(Some("main")), Some(second.clone()), "it is looked up each time");
    let repository = fixture.git();
    let commit = repository.find_commit(Oid::from_str(first.as_str()).unwrap()).unwrap();
    repository.branch("deep/er/branch", &commit, false).unwrap();
    assert_eq!(tip(Some("deep/er/branch")), Some(first.clone()));
    repository.tag_lightweight("tagged", commit.as_object(), false).unwrap();
    for branch in ["missing", "tagged", "HEAD", "refs/heads/main", "deep", "", "..", "a b", "-x", "a\0b"] {
        assert_eq!(tip(Some(branch)), None, "{branch}");
    }
    assert_eq!(tip(None), None);

    // Moved back, and deleted while something else is checked out.
    repository.reference("refs/heads/main", commit.id(), true, "back").unwrap();
    assert_eq!(tip(Some("main")), Some(first));
    repository.set_head("refs/heads/deep/er/branch").unwrap();
    repository.find_branch("main", BranchType::Local).unwrap().delete().unwrap();
    assert_eq!(tip(Some("main")), None);
}

pub(crate) fn changes_to_other_files_are_carried_as_they_are() {
    let moved = Moved::new(
        &[("a", TEXT), ("b", "1"), ("gone", "1"), ("tool", "1"), ("deep/x", "1")],
        |root| {
            write(root, "a", "a");
            remove(root, "gone");
            write(root, "new/file", "\0binary");
            set_executable(&root.join("tool"), true);
            remove(root, "deep/x");
            write(root, "deep/y", "1");
        },
        |root| {
            write(root, "b", "2");
            write(root, "other/file", "2");
            write(root, "new/other", "2");
        },
    );
    let carried = moved.clean();
    assert_eq!(carried, moved.work);
    assert_eq!(words(&carried.0), ["~a", "-deep/x", "+deep/y", "-gone", "+new/file", "~tool*"]);
    // To where it is already for, too.
    assert_eq!(clean(rebase(&moved.workspaces, &moved.work, &moved.from, &moved.from)), moved.work);
}

pub(crate) fn changes_to_one_file_are_joined() {
    let moved = Moved::new(
        &[("a", TEXT), ("sub/b", TEXT), ("c", "c")],
        |root| {
            write(root, "a", TEXT.replace("2\n", "two\n"));
            write(root, "sub/b", TEXT.replace("9\n", "9\n10\n"));
        },
        |root| {
            write(root, "a", TEXT.replace("8\n", "eight\n"));
            write(root, "sub/b", format!("0\n{TEXT}"));
            set_executable(&root.join("a"), true);
        },
    );
    let carried = moved.clean();
    assert_eq!(words(&carried.0), ["~a*", "~sub/b"]);
    assert_eq!(content(&carried, "a"), TEXT.replace("2\n", "two\n").replace("8\n", "eight\n").as_bytes());
    assert_eq!(content(&carried, "sub/b"), format!("0\n{TEXT}10\n").as_bytes());
    assert_eq!(carried.1.len(), 2, "the content of the original is not in it");
}

pub(crate) fn changes_to_the_same_lines_conflict() {
    let moved = Moved::new(
        &[("z", TEXT), ("a", TEXT), ("fine", "1")],
        |root| {
            write(root, "z", TEXT.replace("5", "five"));
            write(root, "a", TEXT.replace("5", "five"));
            write(root, "fine", "2");
        },
        |root| {
            write(root, "z", TEXT.replace("5", "FIVE"));
            write(root, "a", TEXT.replace("5\n", ""));
        },
    );
    assert_eq!(conflicts(moved.rebase()), ["a", "z"]);
}

pub(crate) fn what_the_new_base_has_already_is_left_out() {
    let work = |root: &Path| {
        write(root, "a", TEXT.replace("5", "five"));
        write(root, "new", "1");
        remove(root, "gone");
        set_executable(&root.join("tool"), true);
    };
    let files = [("a", TEXT), ("gone", "1"), ("tool", "1")];
    let moved = Moved::new(&files, work, |root| {
        work(root);
        write(root, "more", "1");
    });
    let (patch, contents) = clean(moved.rebase());
    assert_eq!((patch, contents), (Patch::default(), Contents::new()));
    // One of them more than the new base has.
    let moved = Moved::new(&files, work, |root| {
        write(root, "a", TEXT.replace("5", "five").replace("1\n", "one\n"));
        remove(root, "gone");
    });
    assert_eq!(words(&moved.clean().0), ["+new", "~tool*"]);
}

pub(crate) fn deleting_and_changing_the_same_file_conflict() {
    let files = [("a", TEXT), ("b", TEXT), ("c", TEXT), ("d", TEXT)];
    let moved = Moved::new(
        &files,
        |root| {
            remove(root, "a");
            write(root, "b", "changed");
            remove(root, "c");
            remove(root, "d");
        },
        |root| {
            write(root, "a", "changed");
            remove(root, "b");
            remove(root, "c");
            set_executable(&root.join("d"), true);
        },
    );
    assert_eq!(conflicts(moved.rebase()), ["a", "b", "d"]);
}

pub(crate) fn files_added_on_both_sides_must_be_the_same() {
    let moved = Moved::new(
        &[("a", "1")],
        |root| {
            write(root, "same", "1");
            write(root, "mine", "1");
            write(root, "tool", "1");
            set_executable(&root.join("tool"), true);
        },
        |root| {
            write(root, "same", "1");
            write(root, "tool", "1");
        },
    );
    // As git: executable if one of them is.
    assert_eq!(words(&moved.clean().0), ["+mine", "~tool*"]);
    let other =
        Moved::new(&[("a", "1")], |root| write(root, "same", "1\n2"), |root| write(root, "same", "1\n"));
    assert_eq!(conflicts(other.rebase()), ["same"]);
}

pub(crate) fn executable_bits_are_merged_by_themselves() {
    let moved = Moved::new(
        &[("a", TEXT), ("b", "\0binary"), ("c", TEXT)],
        |root| {
            set_executable(&root.join("a"), true);
            set_executable(&root.join("b"), true);
            write(root, "c", "changed");
        },
        |root| {
            write(root, "a", "changed");
            write(root, "b", "\0changed");
            set_executable(&root.join("c"), true);
        },
    );
    let carried = moved.clean();
    assert_eq!(words(&carried.0), ["~a*", "~b*", "~c*"]);
    assert_eq!((content(&carried, "a"), content(&carried, "b")), (&b"changed"[..], &b"\0changed"[..]));
}

pub(crate) fn binary_files_are_not_joined() {
    let binary = format!("\0{TEXT}");
    let moved = Moved::new(
        &[("a", &binary)],
        |root| write(root, "a", binary.replace('1', "one")),
        |root| write(root, "a", binary.replace('9', "nine")),
    );
    assert_eq!(conflicts(moved.rebase()), ["a"]);
    // The same lines as text are no conflict.
    let text = Moved::new(
        &[("a", TEXT)],
        |root| write(root, "a", TEXT.replace('1', "one")),
        |root| write(root, "a", TEXT.replace('9', "nine")),
    );
    assert_eq!(words(&text.clean().0), ["~a"]);
}

pub(crate) fn line_endings_are_content() {
    let dos = TEXT.replace('\n', "\r\n");
    let moved = Moved::new(
        &[("dos", &dos)],
        |root| write(root, "dos", dos.replace("2\r\n", "two\r\n")),
        |root| write(root, "dos", dos.replace("8\r\n", "eight\n")),
    );
    moved.fixture.git().config().unwrap().set_str("core.autocrlf", "true").unwrap();
    moved.fixture.write(".gitattributes", "* text eol=lf\n");
    let joined = dos.replace("2\r\n", "two\r\n").replace("8\r\n", "eight\n");
    assert_eq!(content(&moved.clean(), "dos"), joined.as_bytes());

    // A file whose endings were all changed has no line in common with the patch.
    let unix = Moved::new(
        &[("a", TEXT)],
        |root| write(root, "a", TEXT.replace("2\n", "two\n")),
        |root| write(root, "a", &dos),
    );
    assert_eq!(conflicts(unix.rebase()), ["a"]);
}

pub(crate) fn renames_are_not_followed() {
    // Moved away in the new base: a change to it conflicts, under the name that the patch knows.
    let moved = Moved::new(
        &[("old", TEXT)],
        |root| write(root, "old", TEXT.replace("2\n", "two\n")),
        |root| fs::rename(root.join("old"), root.join("holdouts-now")).unwrap(),
    );
    assert_eq!(conflicts(moved.rebase()), ["old"]);
    // Moved by the patch: the change that the new base has made to it is not lost in silence.
    let moved = Moved::new(
        &[("old", TEXT)],
        |root| fs::rename(root.join("old"), root.join("new")).unwrap(),
        |root| write(root, "old", TEXT.replace("2\n", "two\n")),
    );
    assert_eq!(words(&moved.work.0), ["+new", "-old"]);
    assert_eq!(conflicts(moved.rebase()), ["old"]);
}

pub(crate) fn files_and_folders_get_into_each_others_way() {
    let file_where_a_folder_came =
        Moved::new(&[("a", "1")], |root| write(root, "x", "1"), |root| write(root, "x/y", "1"));
    assert_eq!(conflicts(file_where_a_folder_came.rebase()), ["x"]);
    let folder_where_a_file_came =
        Moved::new(&[("a", "1")], |root| write(root, "x/y/z", "1"), |root| write(root, "x", "1"));
    assert_eq!(conflicts(folder_where_a_file_came.rebase()), ["x/y/z"]);
    let into_a_file = |root: &Path| {
        fs::remove_dir_all(root.join("d")).unwrap();
        write(root, "d", "now a file");
    };
    let unchanged = Moved::new(&[("d/x", "1")], into_a_file, |root| write(root, "a", "1"));
    assert_eq!(words(&unchanged.clean().0), ["+d", "-d/x"]);
    let grown = Moved::new(&[("d/x", "1")], into_a_file, |root| write(root, "d/y", "1"));
    assert_eq!(conflicts(grown.rebase()), ["d"]);
    let both = Moved::new(&[("d/x", "1")], into_a_file, into_a_file);
    assert_eq!(clean(both.rebase()).0, Patch::default());
}

pub(crate) fn links_and_submodules_are_not_joined() {
    let link = |root: &Path, path: &str| std::os::unix::fs::symlink("target", root.join(path)).unwrap();
    let moved = Moved::new(
        &[("edited", TEXT), ("made executable", TEXT), ("gone", TEXT)],
        |root| {
            write(root, "edited", "changed");
            set_executable(&root.join("made executable"), true);
            remove(root, "gone");
            write(root, "new", "1");
        },
        |root| {
            for path in ["edited", "made executable", "gone"] {
                remove(root, path);
                link(root, path);
            }
            link(root, "new");
        },
    );
    assert_eq!(conflicts(moved.rebase()), ["edited", "gone", "made executable", "new"]);
    // The same places, with repositories linked in.
    let repository = moved.fixture.git();
    let mut index = repository.index().unwrap();
    for path in ["edited", "made executable", "gone", "new"] {
        let commit = repository.head().unwrap().target().unwrap();
        index.add(&IndexEntry { mode: 0o160_000, ..entry(path, commit) }).unwrap();
    }
    let onto = moved.fixture.commit_tree(index.write_tree().unwrap(), "submodules");
    let rebased = rebase(&moved.workspaces, &moved.work, &moved.from, &onto);
    assert_eq!(conflicts(rebased), ["edited", "gone", "made executable", "new"]);

    // A link that becomes a file, on one side and on both.
    let fixture = Fixture::with(&[("target", "1")]);
    link(&fixture.root, "link");
    let from = fixture.commit("link");
    let work = patch(&[("!link", Some("now a file"))]);
    fixture.write("target", "2");
    let onto = fixture.commit("other");
    assert_eq!(clean(rebase(&fixture.workspaces(), &work, &from, &onto)), work);
    // The last one has the same blob as the link.
    for (content, is_same) in [("now a file", true), ("now another", false), ("target", false)] {
        fs::remove_file(fixture.root.join("link")).unwrap();
        fixture.write("link", content);
        let rebased = rebase(&fixture.workspaces(), &work, &from, &fixture.commit(content));
        match is_same {
            true => assert_eq!(clean(rebased).0, Patch::default()),
            false => assert_eq!(conflicts(rebased), ["link"]),
        }
    }
}

pub(crate) fn nothing_is_written_and_no_attribute_is_asked() {
    let moved = Moved::new(
        &[("a", TEXT), ("b", TEXT)],
        |root| {
            write(root, "a", TEXT.replace("5", "five"));
            write(root, "b", TEXT.replace("1\n", "one\n"));
        },
        |root| {
            write(root, "a", TEXT.replace("5", "FIVE"));
            write(root, "b", TEXT.replace("9\n", "nine\n"));
        },
    );
    // With these, git would put both sides of `a` into the file, and not join `b`.
    moved.fixture.write(".gitattributes", "a merge=union\nb -merge\n");
    let before = snapshot(&moved.fixture.root);
    assert_eq!(conflicts(moved.rebase()), ["a"]);
    let alone = (Patch { changes: moved.work.0.changes[1..].to_vec() }, moved.work.1.clone());
    let carried = clean(rebase(&moved.workspaces, &alone, &moved.from, &moved.onto));
    assert_eq!(words(&carried.0), ["~b"]);
    assert_eq!(snapshot(&moved.fixture.root), before);
}

/// Every file of the repository, `.git` and all, with its content.
fn snapshot(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in walkdir::WalkDir::new(root) {
        let entry = entry.unwrap();
        let content = if entry.file_type().is_file() { fs::read(entry.path()).unwrap() } else { Vec::new() };
        found.insert(entry.path().display().to_string(), content);
    }
    found
}

pub(crate) fn a_project_in_a_subdirectory_stays_in_it() {
    let fixture = Fixture::with(&[("mail/factory.toml", ""), ("mail/a", TEXT), ("a", TEXT)]);
    let project = Project::discover(&fixture.root.join("mail")).unwrap();
    let workspaces = GitWorkspaces::new(WorkspaceConfig { project, ..fixture.config() }).unwrap();
    let from = fixture.head();
    let work = patch(&[("!mail/a", Some(&TEXT.replace("1\n", "one\n"))), ("mail/b", Some("b"))]);
    fixture.write("a", "2");
    fixture.write("mail/a", TEXT.replace("9\n", "nine\n"));
    let onto = fixture.commit("meanwhile");
    let carried = clean(rebase(&workspaces, &work, &from, &onto));
    assert_eq!(words(&carried.0), ["~mail/a", "+mail/b"]);
    let outside = patch(&[("!a", Some("3"))]);
    assert_eq!(refusal(rebase(&workspaces, &outside, &from, &onto)).1, "is outside the project's folder");
}

pub(crate) fn a_patch_that_may_not_be_is_not_carried() {
    let fixture = Fixture::with(&[("a", TEXT), ("holdouts/h", "hidden"), ("d/x", "1")]);
    let workspaces = fixture.with_holdouts(&["holdouts"]);
    let from = fixture.head();
    fixture.write("b", "1");
    // A holdout that changes is nobody's conflict.
    fixture.write("holdouts/h", "changed");
    let onto = fixture.commit("meanwhile");
    for (path, reason) in [
        ("!holdouts/h", "protected"),
        (".github/workflows/ci.yml", "protected"),
        ("../a", "not a path inside"),
        ("a", "said to be new"),
        ("!b", "not a file of the base"),
        ("!d", "not a file of the base"),
        ("d", "no room"),
        ("a/x", "no room"),
        // The whole of the holdouts would be gone.
        ("holdouts", "protected"),
    ] {
        let refused = refusal(rebase(&workspaces, &patch(&[(path, Some("2"))]), &from, &onto));
        assert!(refused.1.contains(reason), "{path}: {refused:?}");
    }
    assert!(refusal(rebase(&workspaces, &patch(&[("b", None)]), &from, &onto)).1.contains("not a file"));
    let missing = (patch(&[("!a", Some("2"))]).0, Contents::new());
    assert!(refusal(rebase(&workspaces, &missing, &from, &onto)).1.contains("no content"));
    let unknown: GitOid = "1".repeat(40).parse().unwrap();
    let work = patch(&[("!a", Some("2"))]);
    assert!(matches!(rebase(&workspaces, &work, &from, &unknown), Err(WorkspaceError::Io { .. })));
    assert_eq!(words(&clean(rebase(&workspaces, &work, &from, &onto)).0), ["~a"]);
}

pub(crate) fn a_file_that_grows_too_large_is_refused() {
    let lines = |range: std::ops::Range<u32>| range.map(|line| format!("{line:0>999}\n")).collect::<String>();
    let (old, half) = (lines(0..10), 6 * 1024);
    let moved = Moved::new(
        &[("a", &old)],
        |root| write(root, "a", lines(10..half) + &old),
        |root| write(root, "a", old.clone() + &lines(half..2 * half)),
    );
    assert_eq!(refusal(moved.rebase()), ("a".to_owned(), "becomes larger than 10 MiB".to_owned()));
}

// What follows compares with libgit2's own merge of trees, on trees at random.

/// A tree: path to content and whether it is executable.
type Files = BTreeMap<String, (String, bool)>;

/// Numbers that look like chance and are the same each time: xorshift64*, <https://doi.org/10.18637/jss.v008.i14> and
/// Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled".
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }

    /// Never empty: git joins an empty file that one side added with whatever the other side did.
    fn text(&mut self) -> String {
        (0..(1 + self.below(3)) * 4).map(|line| format!("{line} {}\n", self.below(2))).collect()
    }

    /// A file that is a little different, or quite another, or no longer there.
    fn change(&mut self, files: &mut Files, path: &str) {
        match self.below(8) {
            0 => drop(files.remove(path)),
            1 => drop(files.insert(path.to_owned(), (self.text(), self.below(2) == 0))),
            2 => {
                if let Some(file) = files.get_mut(path) {
                    file.1 = !file.1;
                }
            }
            _ => {
                if let Some(file) = files.get_mut(path) {
                    let mut lines: Vec<String> = file.0.lines().map(str::to_owned).collect();
                    if !lines.is_empty() {
                        let at = usize::try_from(self.below(lines.len() as u64)).unwrap();
                        lines[at] = format!("changed {}", self.below(2));
                    }
                    file.0 = lines.iter().map(|line| format!("{line}\n")).collect();
                }
            }
        }
    }

    fn changed(&mut self, files: &Files) -> Files {
        let mut files = files.clone();
        for path in ["a", "b", "d", "d/x", "d/y", "d/y/z"] {
            if self.below(3) > 0 {
                self.change(&mut files, path);
            }
        }
        // Whatever is below a file cannot be there.
        let paths: Vec<String> = files.keys().cloned().collect();
        files.retain(|path, _| !paths.iter().any(|above| path.starts_with(&format!("{above}/"))));
        files
    }
}

fn entry(path: &str, id: Oid) -> IndexEntry {
    let time = IndexTime::new(0, 0);
    IndexEntry {
        ctime: time,
        mtime: time,
        dev: 0,
        ino: 0,
        mode: 0o100_644,
        uid: 0,
        gid: 0,
        file_size: 0,
        id,
        flags: 0,
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    }
}

fn tree_of(repository: &Repository, files: &Files) -> Oid {
    let mut index = Index::new().unwrap();
    for (path, (text, executable)) in files {
        let mode = if *executable { 0o100_755 } else { 0o100_644 };
        let id = repository.blob(text.as_bytes()).unwrap();
        index.add(&IndexEntry { mode, ..entry(path, id) }).unwrap();
    }
    index.write_tree_to(repository).unwrap()
}

fn patch_of(old: &Files, new: &Files) -> (Patch, Contents) {
    let mut contents = Contents::new();
    let mut changes: BTreeMap<String, Change> = old
        .keys()
        .filter(|path| !new.contains_key(*path))
        .map(|path| (path.clone(), Change::Deleted))
        .collect();
    for (path, file) in new.iter().filter(|(path, file)| old.get(*path) != Some(file)) {
        let content = Digest::of(file.0.as_bytes());
        contents.insert(content.clone(), file.0.clone().into_bytes());
        let change = Change::Written { content, executable: file.1, existed: old.contains_key(path) };
        changes.insert(path.clone(), change);
    }
    let changes = changes.into_iter().map(|(path, change)| FileChange { path, change }).collect();
    (Patch { changes }, contents)
}

pub(crate) fn it_agrees_with_gits_merge_of_trees() {
    let fixture = Fixture::with(&[("start", "1")]);
    let repository = fixture.git();
    let workspaces = fixture.workspaces();
    let mut chance = Chance(0x5EED);
    let (mut cleanly, mut not_cleanly) = (0, 0);
    for round in 0..250 {
        let old = chance.changed(&Files::new());
        let (now, new) = (chance.changed(&old), chance.changed(&old));
        let [old_tree, now_tree, new_tree] = [&old, &now, &new].map(|files| tree_of(&repository, files));
        let commit = |tree| fixture.commit_tree(tree, "any");
        let (from, onto) = (commit(old_tree), commit(now_tree));
        let work = patch_of(&old, &new);
        let mut options = MergeOptions::new();
        options.find_renames(false);
        let [old_tree, now_tree, new_tree] =
            [old_tree, now_tree, new_tree].map(|tree| repository.find_tree(tree).unwrap());
        let mut theirs = repository.merge_trees(&old_tree, &now_tree, &new_tree, Some(&options)).unwrap();
        let ours = rebase(&workspaces, &work, &from, &onto).unwrap();
        let shown = || format!("round {round}: {old:?}\nnow {now:?}\nnew {new:?}\n{ours:?}");
        match &ours {
            Rebased::Conflict { paths } => {
                not_cleanly += 1;
                assert!(theirs.has_conflicts() || is_no_tree(&theirs), "{}", shown());
                assert!(paths.is_sorted() && !paths.is_empty(), "{}", shown());
                assert!(paths.iter().all(|path| work.0.changes.iter().any(|change| change.path == *path)));
            }
            Rebased::Clean { patch, contents } => {
                cleanly += 1;
                assert!(!theirs.has_conflicts(), "{}", shown());
                let effect = effect_of(&format!("round-{round}"), "merge", 1);
                let merge = support::wait(workspaces.land(Landing {
                    effect: &effect,
                    base: &onto,
                    patch,
                    contents,
                    slug: effect.run.as_str(),
                    message: "joined".to_owned(),
                    trailers: Vec::new(),
                }));
                let commit = Oid::from_str(merge.unwrap().commit.as_str()).unwrap();
                let tree = repository.find_commit(commit).unwrap().tree_id();
                assert_eq!(tree, theirs.write_tree_to(&repository).unwrap(), "{}", shown());
                assert_eq!(contents.len(), distinct(patch), "{}", shown());
            }
        }
        assert_eq!(fixture.head(), onto, "{}", oid(now_tree.id()));
    }
    assert!(cleanly > 50 && not_cleanly > 50, "{cleanly} and {not_cleanly}");
}

/// Whether something is a file and a folder. libgit2 does not see that a file came where the patch puts a folder in a
/// folder, and joins them into an index that cannot be written as a tree.
fn is_no_tree(index: &Index) -> bool {
    let paths: Vec<Vec<u8>> = index.iter().map(|entry| entry.path).collect();
    paths.iter().any(|file| paths.iter().any(|path| path.starts_with(&[file, &b"/"[..]].concat())))
}

/// How many contents a patch names.
fn distinct(patch: &Patch) -> usize {
    let digests = patch.changes.iter().filter_map(|change| match &change.change {
        Change::Written { content, .. } => Some(content),
        Change::Deleted => None,
    });
    digests.collect::<std::collections::BTreeSet<_>>().len()
}
