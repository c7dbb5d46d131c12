//! `robust-reps serve`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use anyhow::{Result, anyhow};
use robust_core::model::card::Role;
use robust_core::model::catalog::{CatalogEntry, first_of};
use tiny_http::{Header, Method, Request, Response, Server};

use super::catalog::entry;
use crate::site::Site;

/// Answers are given by so many at once: one slow reader does not hold up the page.
const THREADS: usize = 4;

/// Which models to show.
#[derive(clap::Args)]
pub struct Args {
    /// Model files: the first robust one and the first standard one are shown side by side
    #[arg(required = true)]
    models: Vec<PathBuf>,
    /// Folder of the built page (`cargo xtask build` makes it)
    #[arg(long, default_value = "dist")]
    page: PathBuf,
    /// Port on this machine; 0 takes any that is free
    #[arg(long, default_value = "8080")]
    port: u16,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let described = |path: &PathBuf| Ok((path.clone(), entry(path)?));
    let models = args.models.iter().map(described).collect::<Result<Vec<_>>>()?;
    let site = Site::new(&args.page, &models)?;
    tell_what_is_shown(models.into_iter().map(|(_, entry)| entry).collect());
    // Only this machine's own programs can ask.
    let server = Server::http(("127.0.0.1", args.port)).map_err(|error| {
        anyhow!("cannot listen on port {}: {error}. --port takes another", args.port)
    })?;
    let port = server.server_addr().to_ip().map_or(args.port, |address| address.port());
    println!("http://127.0.0.1:{port}/ shows them, until Ctrl-C");
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Ok(request) = server.recv() {
                    answer(&site, request);
                }
            });
        }
    });
    Ok(ExitCode::SUCCESS)
}

fn tell_what_is_shown(catalog: Vec<CatalogEntry>) {
    for (role, name) in [(Role::Robust, "robust"), (Role::Standard, "standard")] {
        match first_of(&catalog, role) {
            Some(entry) => eprintln!("As the {name} network: {}", entry.name),
            None => eprintln!("There is no {name} network: its half of the page stays empty."),
        }
    }
}

/// Whether a browser asked this machine by a name of its own. A foreign site whose name was made to
/// lead here would ask by that name, and its scripts could read the models.
fn is_for_this_machine(request: &Request) -> bool {
    let host = request.headers().iter().find(|header| header.field.equiv("Host"));
    host.is_none_or(|host| {
        let host = host.value.as_str();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        ["127.0.0.1", "localhost"].contains(&name)
    })
}

fn answer(site: &Site, request: Request) {
    if !is_for_this_machine(&request) {
        let _ = request.respond(Response::empty(403));
        return;
    }
    let path = request.url().split(['?', '#']).next().unwrap_or_default();
    let path = path.trim_start_matches('/').to_owned();
    let reads = matches!(request.method(), Method::Get | Method::Head);
    let answered = match (reads, site.file(&path)) {
        (false, _) => request.respond(Response::empty(405)),
        (true, Ok(None)) => request.respond(Response::empty(404)),
        (true, Ok(Some(found))) => {
            let headers = [("Content-Type", found.media_type), ("Cache-Control", "no-cache")];
            let headers = headers.map(|(name, value)| Header::from_bytes(name, value));
            let headers = headers.into_iter().flatten().collect();
            let bytes = usize::try_from(found.bytes).ok();
            request.respond(Response::new(200.into(), headers, found.reader, bytes, None))
        }
        (true, Err(error)) => {
            eprintln!("{error:#}");
            request.respond(Response::from_string(format!("{error:#}")).with_status_code(500))
        }
    };
    // Those who have gone away are no error; a file that changes while it is sent is one.
    if let Err(error) = answered {
        eprintln!("{error}");
    }
}
