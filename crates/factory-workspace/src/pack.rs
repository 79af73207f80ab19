//! Writes blobs as one pack, uncompressed. A checkout lives for minutes: what counts is the number of files that have to be
//! made for it, which loose objects would double, and not their size.
//!
//! Format: <https://git-scm.com/docs/gitformat-pack> and RFC 1950. libgit2 checks the pack and makes its index.

use std::io::{self, Write};

use factory_engine::port::workspace::WorkspaceError;
use git2::{Odb, OdbPackwriter};
use sha1::{Digest, Sha1};

use crate::error;

const WRITING: &str = "writing the checkout's objects";

/// The object type of a blob, in the bits where an entry's header has it.
const BLOB: u8 = 3 << 4;

/// The longest stored block of a deflate stream.
const BLOCK_BYTES: usize = 65_535;

/// libgit2 maps the pack into memory and writes a byte at the end of what comes, for the system to say no when the device
/// is full. That covers no more than a page; what is written at once must not be longer.
const PAGE_BYTES: usize = 4_096;

/// A pack that is being written.
pub(crate) struct PackWriter<'o> {
    pack: OdbPackwriter<'o>,
    hash: Sha1,
}

impl<'o> PackWriter<'o> {
    /// Begins a pack of exactly `blobs` blobs, at least one.
    pub(crate) fn begin(objects: &'o Odb<'o>, blobs: u32) -> Result<Self, WorkspaceError> {
        let pack = objects.packwriter().map_err(error::git(WRITING))?;
        let mut writer = Self { pack, hash: Sha1::new() };
        let header = [*b"PACK", 2_u32.to_be_bytes(), blobs.to_be_bytes()].concat();
        writer.write(&header).map_err(failed)?;
        Ok(writer)
    }

    /// Adds a blob, one that is not in the pack yet.
    pub(crate) fn add(&mut self, content: &[u8]) -> Result<(), WorkspaceError> {
        let mut entry = entry_header(content.len());
        entry.extend(zlib_stored(content));
        self.write(&entry).map_err(failed)
    }

    /// Ends the pack; from here its blobs are in the repository.
    pub(crate) fn finish(mut self) -> Result<(), WorkspaceError> {
        let hash = self.hash.clone().finalize();
        self.pack.write_all(&hash).map_err(failed)?;
        self.pack.commit().map_err(error::git(WRITING))?;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        bytes.chunks(PAGE_BYTES).try_for_each(|chunk| self.pack.write_all(chunk))
    }
}

/// git2 says only that writing failed; libgit2 knows why.
fn failed(_: io::Error) -> WorkspaceError {
    error::git(WRITING)(git2::Error::last_error(-1))
}

/// Type and length: four bits of the length, then seven at a time, the lowest first.
fn entry_header(length: usize) -> Vec<u8> {
    let low = |length: usize, bits: u32| (length & ((1 << bits) - 1)) as u8;
    let mut header = vec![BLOB | low(length, 4)];
    let mut rest = length >> 4;
    while rest > 0 {
        *header.last_mut().expect("a header has a byte") |= 0x80;
        header.push(low(rest, 7));
        rest >>= 7;
    }
    header
}

/// A zlib stream of stored blocks.
fn zlib_stored(content: &[u8]) -> Vec<u8> {
    let mut stream = Vec::with_capacity(content.len() + content.len() / 8_192 + 16);
    stream.extend([0x78, 0x01]);
    let mut blocks = content.chunks(BLOCK_BYTES).peekable();
    if blocks.peek().is_none() {
        stream.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("a block is no longer than a u16 can say");
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    stream.extend(adler32(content).to_be_bytes());
    stream
}

/// The checksum of RFC 1950. 5,552 is the most bytes for which the sums stay below 2³² (zlib's `NMAX`).
fn adler32(content: &[u8]) -> u32 {
    let (mut a, mut b) = (1_u32, 0_u32);
    for piece in content.chunks(5_552) {
        for byte in piece {
            a += u32::from(*byte);
            b += a;
        }
        a %= 65_521;
        b %= 65_521;
    }
    (b << 16) | a
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::holdouts::blob_of;

    #[test]
    fn git_reads_blobs_of_every_length_back() {
        let folder = tempfile::tempdir().unwrap();
        let repository = git2::Repository::init_bare(folder.path()).unwrap();
        let lengths = [0, 1, 15, 16, 2_047, 2_048, 65_534, 65_535, 65_536, 200_000, 3_000_000];
        // Bytes that make the checksum wrap.
        let blobs: Vec<Vec<u8>> = lengths.iter().map(|length| vec![0xff; *length]).collect();
        let objects = repository.odb().unwrap();
        let mut pack = PackWriter::begin(&objects, blobs.len() as u32).unwrap();
        for blob in &blobs {
            pack.add(blob).unwrap();
        }
        pack.finish().unwrap();
        for blob in &blobs {
            assert_eq!(objects.read(blob_of(blob).unwrap()).unwrap().data(), blob);
        }
    }

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        assert_eq!(adler32(b""), 1);
    }

    #[test]
    fn a_pack_with_too_few_blobs_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let repository = git2::Repository::init_bare(folder.path()).unwrap();
        let objects = repository.odb().unwrap();
        let mut pack = PackWriter::begin(&objects, 2).unwrap();
        pack.add(b"one").unwrap();
        assert!(pack.finish().is_err());
    }
}
