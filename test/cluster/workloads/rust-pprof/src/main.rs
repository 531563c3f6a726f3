//! A quotes server that is profiled: it burns a little CPU and serves pprof of CPU and heap on the port of its users.

mod burn;
mod profiles;

use std::process::exit;
use std::sync::Arc;
use std::thread;

use tiny_http::{Request, Response, Server};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// jemalloc reads it before main runs: a sample every 512 KiB, as Go takes. A CPU profile has tables of 75 MB, whose
/// memory goes back at once, and is not kept for each thread that answered.
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static MALLOC_CONF: &[u8] =
    b"prof:true,prof_active:true,lg_prof_sample:19,narenas:1,dirty_decay_ms:0\0";

fn main() {
    let (address, burn_percent) = read_flags().unwrap_or_else(|problem| fail(&problem));
    end_on_sigterm();
    let server = Server::http(&address)
        .unwrap_or_else(|error| fail(&format!("listen at {address}: {error}")));
    let server = Arc::new(server);
    eprintln!("serves at http://{}", server.server_addr());
    thread::spawn(move || burn::burn(burn_percent));
    // One for each request: a CPU profile takes seconds.
    for request in server.incoming_requests() {
        thread::spawn(move || answer(request));
    }
}

fn read_flags() -> Result<(String, u64), String> {
    let mut address = String::from("127.0.0.1:8080");
    let mut burn_percent = 0;
    for flag in std::env::args().skip(1) {
        match flag.split_once('=') {
            Some(("--listen", value)) => address = value.to_string(),
            Some(("--burn", value)) => {
                burn_percent =
                    value
                        .parse()
                        .ok()
                        .filter(|percent| *percent <= 100)
                        .ok_or(format!(
                            "flag --burn is {value:?}, want a percentage from 0 to 100"
                        ))?
            }
            _ => {
                return Err(format!(
                    "unknown flag {flag:?}, want --listen=HOST:PORT or --burn=PERCENT"
                ));
            }
        }
    }
    Ok((address, burn_percent))
}

fn fail(problem: &str) -> ! {
    eprintln!("{problem}");
    exit(1)
}

/// The first process of a container is not ended by a signal that it does not handle.
fn end_on_sigterm() {
    extern "C" fn end(_signal: libc::c_int) {
        // SAFETY: _exit may be called from a signal handler.
        unsafe { libc::_exit(0) }
    }
    // SAFETY: the handler calls nothing but _exit.
    unsafe { libc::signal(libc::SIGTERM, end as *const () as libc::sighandler_t) };
}

fn answer(request: Request) {
    let url = request.url().to_string();
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    let body = match path {
        "/healthz" => Ok(b"ok\n".to_vec()),
        "/debug/pprof/profile" => profiles::seconds_of(query).and_then(profiles::cpu),
        "/debug/pprof/heap" => profiles::heap(),
        _ => Err((404, String::from("no such path"))),
    };
    // A client that has gone gets no answer.
    let _ = match body {
        Ok(body) => request.respond(Response::from_data(body)),
        Err((status, problem)) => {
            request.respond(Response::from_string(problem + "\n").with_status_code(status))
        }
    };
}
