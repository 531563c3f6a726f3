//! Profiles of this process, or a status and what went wrong.

use std::thread::sleep;
use std::time::Duration;

use pprof::ProfilerGuardBuilder;
use pprof::protos::Message;

pub type Answer<T> = Result<T, (u16, String)>;

const SAMPLES_PER_SECOND: i32 = 100;

pub fn seconds_of(query: &str) -> Answer<u64> {
    let Some(value) = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("seconds="))
    else {
        return Ok(30);
    };
    value
        .parse()
        .ok()
        .filter(|seconds| (1..=300).contains(seconds))
        .ok_or((400, format!("seconds is {value:?}, want 1 to 300")))
}

/// Plain protobuf, as the library gives it.
pub fn cpu(seconds: u64) -> Answer<Vec<u8>> {
    let failed = |error: pprof::Error| match error {
        pprof::Error::Running => (500, String::from("a CPU profile is already running")),
        error => (500, format!("take a CPU profile: {error}")),
    };
    let guard = ProfilerGuardBuilder::default()
        .frequency(SAMPLES_PER_SECOND)
        .build()
        .map_err(failed)?;
    sleep(Duration::from_secs(seconds));
    let profile = guard
        .report()
        .build()
        .and_then(|report| report.pprof())
        .map_err(failed)?;
    Ok(profile.encode_to_vec())
}

/// Gzip, of what jemalloc wrote to a temporary file.
pub fn heap() -> Answer<Vec<u8>> {
    let Some(control) = jemalloc_pprof::PROF_CTL.as_ref() else {
        return Err((
            500,
            String::from("take a heap profile: jemalloc was started without prof:true"),
        ));
    };
    control
        .blocking_lock()
        .dump_pprof()
        .map_err(|error| (500, format!("take a heap profile: {error:#}")))
}
