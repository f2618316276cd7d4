//! Uploads a file to a bucket of an emulator, or downloads it, for `scripts/bench/store.sh`.
//!
//!     store_bench put FILE gs://BUCKET/PREFIX CHUNK
//!     store_bench get FILE gs://BUCKET/PREFIX CHUNK
//!
//! The emulator is named by `STORAGE_EMULATOR_HOST`, the object is `bench`, `CHUNK` is in bytes.

#![expect(clippy::disallowed_methods, reason = "a program of its own reads its arguments")]

use shmoo::outside::environment::Environment;
use shmoo::outside::store::{BucketPlace, BucketSettings, BucketStore, Endpoint, ObjectKey, Store};
use std::error::Error;
use std::io::Write as _;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [action, file, place, chunk] = words[..] else {
        return Err("usage: store_bench put|get FILE PLACE CHUNK".into());
    };
    let environment = Environment::new(std::env::vars());
    let endpoint = Endpoint::of(&environment)?;
    if !endpoint.is_emulator {
        return Err("`STORAGE_EMULATOR_HOST` names no emulator".into());
    }
    let settings = BucketSettings { chunk: chunk.parse()?, ..BucketSettings::default() };
    let store = BucketStore::open(BucketPlace::parse(place)?, endpoint, &environment, settings)?;
    let key: ObjectKey = "bench".parse()?;
    let info = match action {
        "put" => store.put_file(&key, Path::new(file))?,
        "get" => store.get_to_file(&key, Path::new(file))?,
        other => return Err(format!("`{other}` is neither `put` nor `get`").into()),
    };
    writeln!(std::io::stdout(), "{info:?}")?;
    Ok(())
}
