//! Request heads with random damage, under [`fuzz_proxy_head`]. Seeded, so that each time is the same.

use super::super::fuzz_proxy_head;
use super::super::head::{self, Head};

/// Numbers that look random and are the same each time (xorshift64*).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % sides.max(1)
    }
}

const SEEDS: [&[u8]; 5] = [
    b"CONNECT allowed.example:443 HTTP/1.1\r\n\r\n",
    b"CONNECT Allowed.Example:443 HTTP/1.1\r\nHost: allowed.example:443\r\nUser-Agent: x/1\r\n\r\n",
    b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]\r\nProxy-Connection: keep-alive\r\n\r\n",
    b"CONNECT 192.0.2.7:8443 HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    b"GET http://allowed.example:443/ HTTP/1.1\r\nHost: allowed.example\r\n\r\n",
];

/// What tricks are made of.
const PIECES: [&[u8]; 25] = [
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\t",
    b" ",
    b":",
    b".",
    b"@",
    b"%00",
    b"%2e",
    b"[",
    b"]",
    b":443",
    b"allowed.example",
    b"allowed.example:443",
    b"evil.example:443",
    b"\xc3\xa9",
    b"\xff",
    b"CONNECT ",
    b" HTTP/1.1",
    b"Host: ",
    b"Transfer-Encoding: chunked\r\n",
    b"X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n",
];

fn damage(dice: &mut Dice, bytes: &mut Vec<u8>) {
    let at = dice.throw(bytes.len() + 1);
    let length = dice.throw(12).min(bytes.len() - at);
    match dice.throw(6) {
        0 => drop(bytes.drain(at..at + length)),
        1 => drop(bytes.splice(at..at, PIECES[dice.throw(PIECES.len())].iter().copied())),
        2 => drop(bytes.splice(at..at + length, PIECES[dice.throw(PIECES.len())].iter().copied())),
        3 if at < bytes.len() => bytes[at] = u8::try_from(dice.throw(256)).unwrap(),
        4 if at < bytes.len() => bytes[at] ^= 0x20,
        _ => {
            let again: Vec<u8> = bytes[at..at + length].to_vec();
            let times = 1 + dice.throw(3) * dice.throw(300);
            drop(bytes.splice(at..at, again.repeat(times)));
        }
    }
}

#[test]
fn damaged_heads_get_nothing_through() {
    let (mut connects, mut partial, mut refused) = (0, 0, 0);
    let mut dice = Dice(0x5eed_0f0d_0032);
    for seed in SEEDS {
        for _ in 0..6_000 {
            let mut bytes = seed.to_vec();
            for _ in 0..=dice.throw(4) {
                damage(&mut dice, &mut bytes);
            }
            fuzz_proxy_head(&bytes);
            match head::read(&bytes) {
                Ok(Head::Connect(_)) => connects += 1,
                Ok(Head::Partial) => partial += 1,
                Err(_) => refused += 1,
            }
        }
    }
    // The mutations are neither all harmless nor all hopeless.
    assert!(connects > 500 && partial > 300 && refused > 10_000, "{connects} {partial} {refused}");
}
