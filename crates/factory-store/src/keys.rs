//! Where in the database things are: `r/<run>/e/<position, u64 big-endian>` for records of a run and `r/<run>/h` for its
//! head; `d/e/<position>` and `d/h` for those of the ledger.

use std::collections::HashMap;

use factory_core::ids::RunId;
use factory_engine::port::store::{Position, StoreError};

use crate::chain::{Chain, Envelope, Head};
use crate::database::Database;

/// Where each chain that has a record ends, or how its end is damaged.
pub(crate) type Heads = HashMap<Chain, Result<Head, String>>;

/// What the keys of a chain begin with.
fn prefix(chain: &Chain) -> String {
    match chain {
        Chain::Run(run) => format!("r/{run}/"),
        Chain::Ledger => "d/".to_owned(),
    }
}

/// Where a record is.
pub(crate) fn of_record(chain: &Chain, position: Position) -> Vec<u8> {
    let mut key = format!("{}e/", prefix(chain)).into_bytes();
    key.extend_from_slice(&position.to_be_bytes());
    key
}

/// Where the head of a chain is.
pub(crate) fn of_head(chain: &Chain) -> Vec<u8> {
    format!("{}h", prefix(chain)).into_bytes()
}

/// What a key of a chain is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// The record at this position.
    Record(Position),
    /// The head.
    Head,
}

/// What is kept under a key, if it is one of ours.
pub(crate) fn parse(key: &[u8]) -> Option<(Chain, Slot)> {
    let chain = chain_of(key).0?;
    let slot = match key.strip_prefix(prefix(&chain).as_bytes())? {
        b"h" => Slot::Head,
        rest => Slot::Record(Position::from_be_bytes(rest.strip_prefix(b"e/")?.try_into().ok()?)),
    };
    Some((chain, slot))
}

/// Every chain with a record, each with its head, after a look at its last record.
pub(crate) fn heads(database: &Database) -> Result<Heads, StoreError> {
    let mut heads = Heads::new();
    let mut from = Vec::new();
    while let Some(key) = database.first_from(&from)? {
        let (chain, after) = chain_of(&key);
        match chain {
            Some(chain) => {
                let head = head(database, &chain)?;
                heads.insert(chain, head);
            }
            None => tracing::warn!(key = %key.escape_ascii(), "this key in the store belongs to no run"),
        }
        from = after;
    }
    Ok(heads)
}

/// The chain that a key belongs to, and what no key of it comes after.
fn chain_of(key: &[u8]) -> (Option<Chain>, Vec<u8>) {
    // `0` comes right after `/`.
    if key.starts_with(b"d/") {
        return (Some(Chain::Ledger), b"d0".to_vec());
    }
    let name = key.strip_prefix(b"r/").and_then(|rest| rest.split(|byte| *byte == b'/').next());
    let Some(name) = name else { return (None, [key, b"\0"].concat()) };
    let run = std::str::from_utf8(name).ok().and_then(|name| name.parse::<RunId>().ok());
    (run.map(Chain::Run), [b"r/", name, b"0"].concat())
}

/// The chains that can be found when some of the keys cannot be read, and why the others cannot be.
pub(crate) fn findable(database: &Database) -> (Vec<Chain>, Option<String>) {
    let mut found = Vec::new();
    let mut from = Vec::new();
    let trouble = loop {
        match database.first_from(&from) {
            Ok(None) => return (found, None),
            Ok(Some(key)) => {
                let (chain, after) = chain_of(&key);
                found.extend(chain);
                from = after;
            }
            Err(error) => break error.to_string(),
        }
    };
    // From the other end as far as that goes.
    let mut before = vec![u8::MAX];
    while let Ok(Some((key, _))) = database.last_before(&before) {
        let (chain, _) = chain_of(&key);
        if chain.as_ref().is_some_and(|chain| found.contains(chain)) {
            break;
        }
        before = chain.as_ref().map_or(key, |chain| prefix(chain).into_bytes());
        found.extend(chain);
    }
    (found, Some(trouble))
}

/// What is stored as the head of a chain, if it has the form of one.
pub(crate) fn stored_head(database: &Database, chain: &Chain) -> Result<Option<Head>, StoreError> {
    let value = database.get(&of_head(chain), &|| format!("the head of {chain}"))?;
    Ok(value.as_deref().and_then(Head::decode))
}

/// The head of a chain, or what is wrong with it.
pub(crate) fn head(database: &Database, chain: &Chain) -> Result<Result<Head, String>, StoreError> {
    let Some(head) = stored_head(database, chain)? else {
        return Ok(Err("it has no readable head".to_owned()));
    };
    // `/f` comes right after every `/e/…`.
    let prefix = prefix(chain);
    let last = database.last_before(format!("{prefix}f").as_bytes())?;
    let Some((key, value)) = last.filter(|(key, _)| key.starts_with(format!("{prefix}e/").as_bytes())) else {
        return Ok(Err(format!("its head counts {} records, and there is none", head.count)));
    };
    if key != of_record(chain, head.count - 1) {
        return Ok(Err(format!("its head counts {} records, and its last record is another", head.count)));
    }
    if Envelope::decode(&value).is_none_or(|envelope| envelope.hash != head.hash) {
        return Ok(Err(format!("its head and record {} have different hashes", head.count - 1)));
    }
    Ok(Ok(head))
}

/// The stored form of one record.
pub(crate) fn record(
    database: &Database,
    chain: &Chain,
    position: Position,
) -> Result<Option<Vec<u8>>, StoreError> {
    database.get(&of_record(chain, position), &|| format!("record {position} of {chain}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_parsed_as_they_are_made() {
        for chain in [Chain::Ledger, Chain::Run("a-1".parse().unwrap()), Chain::Run("h".parse().unwrap())] {
            assert_eq!(parse(&of_head(&chain)), Some((chain.clone(), Slot::Head)));
            for position in [0, 47, 0x2f2f_2f2f_2f2f_2f2f, Position::MAX] {
                let key = of_record(&chain, position);
                assert_eq!(parse(&key), Some((chain.clone(), Slot::Record(position))));
                assert_eq!(parse(&key[..key.len() - 1]), None);
            }
        }
        for other in ["", "r/", "d/", "d/x", "r/A/h", "r/a", "r/a/hh", "x/a/h"] {
            assert_eq!(parse(other.as_bytes()), None, "{other}");
        }
    }
}
