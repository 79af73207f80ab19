//! Cases for blobs.

use std::sync::Arc;

use factory_core::ids::Digest;
use factory_engine::port::store::{BlobStore, StoreError};
use tokio::task::JoinSet;

pub(super) async fn blobs_come_back_exactly(blobs: &dyn BlobStore) {
    let contents = [vec![], vec![0], b"text\n".to_vec(), vec![b'a'; 5 * 1024 * 1024 + 1]];
    for bytes in &contents {
        let digest = blobs.put(bytes).await.expect("the blob is put");
        assert_eq!(digest, Digest::of(bytes));
        assert_eq!(blobs.put(bytes).await.expect("the blob is put again"), digest);
    }
    for bytes in &contents {
        let read = blobs.get(&Digest::of(bytes)).await.expect("the blob is there");
        assert!(read == *bytes, "a blob of {} bytes has changed", bytes.len());
    }
}

pub(super) async fn a_blob_that_was_never_put_is_not_there(blobs: &dyn BlobStore) {
    let missing = Digest::of(b"never put");
    blobs.put(b"another").await.expect("the blob is put");
    match blobs.get(&missing).await {
        Err(StoreError::NoBlob(digest)) => assert_eq!(digest, missing),
        other => panic!("expected no blob, got {other:?}"),
    }
}

pub(super) async fn the_same_blob_may_be_put_many_times_at_once(blobs: &Arc<dyn BlobStore>) {
    let bytes = vec![b'q'; 100_000];
    let mut putters = JoinSet::new();
    for _ in 0..16 {
        let (blobs, bytes) = (Arc::clone(blobs), bytes.clone());
        putters.spawn(async move {
            let digest = blobs.put(&bytes).await.expect("the blob is put");
            assert!(blobs.get(&digest).await.expect("the blob is there") == bytes);
        });
    }
    putters.join_all().await;
}
