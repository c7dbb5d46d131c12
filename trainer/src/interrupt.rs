//! Ctrl-C and SIGTERM finish the step at hand and keep what has been computed; a second one ends at once.

use std::process::exit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// Exit code of a program ended by an interrupt.
const INTERRUPTED: i32 = 130;

/// Whether the person asked to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on. All of a program's runs stop together, however often one asks.
    pub fn listen() -> Self {
        static ASKED: OnceLock<Interrupt> = OnceLock::new();
        ASKED.get_or_init(Self::install).clone()
    }

    fn install() -> Self {
        let asked = Self::default();
        let flag = asked.0.clone();
        let listening = ctrlc::set_handler(move || {
            if flag.swap(true, Ordering::SeqCst) {
                exit(INTERRUPTED);
            }
        });
        if let Err(error) = listening {
            eprintln!("Ctrl-C will end the program without saving: {error}");
        }
        asked
    }

    /// Whether it is time to stop.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
