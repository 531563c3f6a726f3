//! Work that a CPU profile knows by its names.

use std::hint::black_box;
use std::thread::sleep;
use std::time::{Duration, Instant};

const BURST_EVERY: Duration = Duration::from_millis(20);
const QUOTE_COUNT: u64 = 1 << 20;

/// Keeps one core busy for that much of every burst's time.
pub fn burn(percent: u64) {
    if percent == 0 {
        return;
    }
    let book = load_book();
    let mut quote = 0;
    loop {
        let begun = Instant::now();
        quote = serve_quotes(&book, quote, begun + BURST_EVERY * percent as u32 / 100);
        sleep(BURST_EVERY.saturating_sub(begun.elapsed()));
    }
}

/// What a heap profile shows as in use: 8 MiB.
#[inline(never)]
fn load_book() -> Vec<u64> {
    (0..QUOTE_COUNT)
        .map(|id| id.wrapping_mul(2654435761))
        .collect()
}

#[inline(never)]
fn serve_quotes(book: &[u64], mut quote: u64, until: Instant) -> u64 {
    while Instant::now() < until {
        quote = black_box(mix_quotes(book, quote));
    }
    quote
}

/// All of the work is in its own loop: about two milliseconds, and no call into the library, not even one that is inlined.
#[inline(never)]
fn mix_quotes(book: &[u64], quote: u64) -> u64 {
    let mut mixed = quote;
    for &each in book {
        mixed ^= mixed << 13;
        mixed ^= mixed >> 7;
        mixed ^= each;
    }
    mixed
}
