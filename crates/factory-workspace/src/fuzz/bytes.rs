//! Choices, made by arbitrary bytes; when they are used up, every choice is the first.

use factory_core::protected;

/// Names and pieces of names that are likely to meet a branch.
const NAMES: [&[u8]; 48] = [
    b"a",
    b"src",
    b"app.py",
    b"README.md",
    b"kept",
    b"deep",
    b"new.txt",
    b"tool",
    b"link",
    b"holdouts",
    b"HoldOuts",
    b"hold\xe2\x80\x8couts",
    b"secret.md",
    b".git",
    b".GIT",
    b".g\xe2\x80\x8cit",
    b".git.",
    b".git ",
    b".git::$INDEX_ALLOCATION",
    b"git~1",
    b"GIT~1",
    b".gitignore",
    b".gitattributes",
    b".gitmodules",
    b".github",
    b"workflows",
    b"ci.yml",
    b"AGENTS.md",
    b"agents.MD",
    b"\xef\xbc\xa1GENTS.md",
    b"CLAUDE.md",
    b".claude",
    b".codex",
    b"factory.toml",
    b".factory",
    b"specs",
    b"Specs",
    b"skills",
    b"pipelines",
    b"Jenkinsfile",
    b"config",
    b"hooks",
    b"ignored",
    b"..",
    b".",
    b"",
    b"x\ny",
    b"\xff\xfe",
];

/// Content of files: short, so that cases are fast. The last one is a holdout's.
const TEXTS: [&[u8]; 6] =
    [b"", b"text\n", b"one\ntwo\nthree\n", b"print('hello')\n", b"\0\xff", super::ground::SECRET];

/// Bytes that are used up.
pub(super) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// Yes, in one of so many cases.
    pub(super) fn one_in(&mut self, cases: u8) -> bool {
        self.byte().is_multiple_of(cases)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit.max(1)
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (head, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        head
    }

    /// A name: one of the list, bytes as they come, or two of either.
    pub(super) fn name(&mut self) -> Vec<u8> {
        match self.byte() {
            0..=199 => self.pick(&NAMES).to_vec(),
            200..=229 => {
                let length = self.below(12);
                self.take(length).to_vec()
            }
            230.. => [self.pick(&NAMES), self.pick(&NAMES)].concat(),
        }
    }

    /// A path of up to five names.
    pub(super) fn path(&mut self) -> Vec<u8> {
        let names: Vec<Vec<u8>> = (0..=self.below(5)).map(|_| self.name()).collect();
        names.join(&b'/')
    }

    pub(super) fn content(&mut self) -> Vec<u8> {
        match self.byte() {
            0..=199 => self.pick(&TEXTS).to_vec(),
            200.. => {
                let length = self.below(64);
                self.take(length).to_vec()
            }
        }
    }

    /// Protected paths that a specification names: whatever it has in backticks.
    pub(super) fn named(&mut self) -> Vec<String> {
        let code: Vec<String> = (0..self.below(4))
            .map(|_| {
                let slash = if self.one_in(2) { "/" } else { "" };
                format!("{}{slash}", String::from_utf8_lossy(&self.path()))
            })
            .collect();
        protected::named(code.iter().map(String::as_str), "")
    }
}
