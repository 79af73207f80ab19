//! The fuzz functions over seeded bytes: the same on every machine.

use super::*;

/// Xorshift.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = self.next() % 96;
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    /// Some bytes of an earlier case, changed in a few places: what was nearly something is tried again.
    fn mutated(&mut self, earlier: &[u8]) -> Vec<u8> {
        let mut bytes = earlier.to_vec();
        for _ in 0..=self.next() % 3 {
            let at = usize::try_from(self.next()).unwrap() % bytes.len().max(1);
            match self.next() % 3 {
                0 if at < bytes.len() => bytes[at] = self.next().to_le_bytes()[0],
                1 if at < bytes.len() => drop(bytes.remove(at)),
                _ => bytes.insert(at.min(bytes.len()), self.next().to_le_bytes()[0]),
            }
        }
        bytes
    }
}

/// Runs so many cases; the bytes of one that fails are in the message. Some have to be accepted, and some not.
fn over(cases: usize, fuzz: fn(&[u8]) -> bool) {
    let mut random = Random(0x5eed_0fac);
    let mut earlier = Vec::new();
    let mut taken = 0;
    for _ in 0..cases {
        let bytes = if random.next().is_multiple_of(2) { random.bytes() } else { random.mutated(&earlier) };
        let ran = std::panic::catch_unwind(|| fuzz(&bytes));
        let Ok(is_taken) = ran else { panic!("with {bytes:?}") };
        taken += usize::from(is_taken);
        earlier = bytes;
    }
    println!("{taken} of {cases} were taken");
    assert!(taken > cases / 100 && taken < cases, "{taken} of {cases} say too little");
}

#[test]
fn no_bytes_are_a_path_that_no_patch_may_touch() {
    over(20_000, fuzz_paths);
}

#[test]
fn no_bytes_open_what_is_closed() {
    over(20_000, fuzz_names);
}

#[test]
fn no_tree_gets_anything_out_but_its_own_files() {
    over(1_000, fuzz_extract);
}

#[test]
fn no_patch_gets_out_of_a_checkout() {
    over(150, fuzz_apply);
}

#[test]
fn no_patch_changes_what_it_does_not_say_in_a_tree() {
    over(3_000, fuzz_land);
}

#[test]
fn no_patch_is_carried_over_to_paths_of_others() {
    over(3_000, fuzz_rebase);
}
