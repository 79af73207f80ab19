//! The tables of the copy. They are documented: queries depend on them.

/// The version of the tables. A copy of another one is made anew.
pub(super) const VERSION: i64 = 1;

/// What makes the tables, and what `--schema` prints.
pub(super) const SCHEMA: &str = "\
-- Every table has: position (the entry's place in the ledger, from 0), at (UTC, RFC 3339), at_ms (since 1970).
-- Lists are JSON arrays, to be read with json_each. true and false are 1 and 0.

-- All entries, one row each, with the entry itself as JSON.
CREATE TABLE entries (position INTEGER PRIMARY KEY, at TEXT NOT NULL, at_ms INTEGER NOT NULL,
  hash TEXT NOT NULL, kind TEXT NOT NULL, run TEXT, record INTEGER, stage TEXT, gate TEXT, what TEXT NOT NULL,
  by_kind TEXT NOT NULL, login TEXT NOT NULL, because TEXT NOT NULL, entry TEXT NOT NULL);
CREATE INDEX entries_run ON entries (run);

-- Runs that were asked for.
CREATE TABLE requests (position INTEGER PRIMARY KEY, at TEXT NOT NULL, at_ms INTEGER NOT NULL,
  run TEXT NOT NULL, spec TEXT NOT NULL, source TEXT NOT NULL, requirements INTEGER NOT NULL, lint TEXT NOT NULL,
  entry_type TEXT NOT NULL, pipeline TEXT NOT NULL, pipeline_digest TEXT NOT NULL, model TEXT NOT NULL,
  login TEXT NOT NULL, name TEXT, email TEXT, factory TEXT NOT NULL);

-- What people decided at gates: approved, rejected, retried, overridden.
CREATE TABLE decisions (position INTEGER PRIMARY KEY, at TEXT NOT NULL, at_ms INTEGER NOT NULL,
  run TEXT NOT NULL, stage TEXT NOT NULL, edge TEXT NOT NULL, decision TEXT NOT NULL,
  login TEXT NOT NULL, name TEXT, email TEXT, signed_with TEXT, signature TEXT,
  via TEXT NOT NULL, because TEXT NOT NULL, note TEXT, waited_ms INTEGER NOT NULL,
  verdict TEXT, verdict_passed INTEGER, verdict_shown INTEGER, risk TEXT, edited TEXT,
  seen TEXT NOT NULL, overrides TEXT NOT NULL);

-- What policy judged.
CREATE TABLE judgements (position INTEGER PRIMARY KEY, at TEXT NOT NULL, at_ms INTEGER NOT NULL,
  run TEXT NOT NULL, stage TEXT NOT NULL, edge TEXT NOT NULL, passed INTEGER NOT NULL, reason TEXT NOT NULL,
  scored_passed INTEGER, scored_of INTEGER, scored_met INTEGER, findings TEXT NOT NULL, seen TEXT NOT NULL);

-- Stages that were stuck, so that a person was asked.
CREATE TABLE escalations (position INTEGER PRIMARY KEY, at TEXT NOT NULL, at_ms INTEGER NOT NULL,
  run TEXT NOT NULL, stage TEXT NOT NULL, edge TEXT NOT NULL, why TEXT NOT NULL, kind TEXT NOT NULL,
  detail TEXT NOT NULL, findings TEXT NOT NULL, tried INTEGER NOT NULL, expires_ms INTEGER);

-- Gates at which nobody decided in time.
CREATE TABLE expiries (position INTEGER PRIMARY KEY, at TEXT NOT NULL, at_ms INTEGER NOT NULL,
  run TEXT NOT NULL, stage TEXT NOT NULL, edge TEXT NOT NULL, waited_ms INTEGER NOT NULL);

-- Work that went back: because of checks, review, holdouts, note or rebase.
CREATE TABLE sent_back (position INTEGER PRIMARY KEY, at TEXT NOT NULL, at_ms INTEGER NOT NULL,
  run TEXT NOT NULL, from_stage TEXT NOT NULL, to_stage TEXT NOT NULL, because TEXT NOT NULL, note TEXT);

-- Tries that made nothing that counts.
CREATE TABLE failures (position INTEGER PRIMARY KEY, at TEXT NOT NULL, at_ms INTEGER NOT NULL,
  run TEXT NOT NULL, stage TEXT NOT NULL, attempt INTEGER NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL);

-- Stages that were left out.
CREATE TABLE skips (position INTEGER PRIMARY KEY, at TEXT NOT NULL, at_ms INTEGER NOT NULL,
  run TEXT NOT NULL, stage TEXT NOT NULL, because TEXT NOT NULL);

-- Runs that went on from another commit, since the base branch had moved.
CREATE TABLE moves (position INTEGER PRIMARY KEY, at TEXT NOT NULL, at_ms INTEGER NOT NULL,
  run TEXT NOT NULL, from_commit TEXT NOT NULL, to_commit TEXT NOT NULL);

-- Scorecards that people looked at.
CREATE TABLE reveals (position INTEGER PRIMARY KEY, at TEXT NOT NULL, at_ms INTEGER NOT NULL,
  run TEXT NOT NULL, stage TEXT NOT NULL, scorecard TEXT NOT NULL, login TEXT NOT NULL, because TEXT NOT NULL);

-- How runs ended: merged, rejected, expired, cancelled, failed. Costs are of the whole run; unknown ones are NULL.
CREATE TABLE ends (position INTEGER PRIMARY KEY, at TEXT NOT NULL, at_ms INTEGER NOT NULL,
  run TEXT NOT NULL, outcome TEXT NOT NULL, stage TEXT, login TEXT, because TEXT, merge_digest TEXT,
  calls INTEGER, input_tokens INTEGER, output_tokens INTEGER, micro_usd INTEGER);

-- Merges that were taken back.
CREATE TABLE rollbacks (position INTEGER PRIMARY KEY, at TEXT NOT NULL, at_ms INTEGER NOT NULL,
  run TEXT NOT NULL, merge_digest TEXT NOT NULL, commit_id TEXT, login TEXT NOT NULL, because TEXT NOT NULL);

-- How far the project trusts its runs. by_kind is person or policy.
CREATE TABLE trust (position INTEGER PRIMARY KEY, at TEXT NOT NULL, at_ms INTEGER NOT NULL,
  from_phase TEXT NOT NULL, to_phase TEXT NOT NULL, by_kind TEXT NOT NULL, login TEXT, because TEXT NOT NULL);
";

/// Which ledger the copy is of. Not documented: it is ours.
pub(super) const BOOKKEEPING: &str =
    "CREATE TABLE copied (version INTEGER NOT NULL, count INTEGER NOT NULL, head TEXT NOT NULL);";
