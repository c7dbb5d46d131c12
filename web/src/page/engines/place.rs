//! Where a network works on the page.

use robust_core::model::card::Role;

/// How many networks work side by side at most.
pub const PLACES: usize = Place::ALL.len();

/// One of the places side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The first: the site's robust network works here where no other was chosen.
    Robust,
    /// The second: the site's standard network, likewise.
    Standard,
    /// One more, empty until the visitor chooses a network for it.
    Third,
}

impl Place {
    /// All of them, from left to right.
    pub const ALL: [Self; 3] = [Self::Robust, Self::Standard, Self::Third];

    /// The place that networks of this role take.
    pub fn of(role: Role) -> Self {
        match role {
            Role::Robust => Self::Robust,
            Role::Standard => Self::Standard,
        }
    }

    /// What the site's own network here is, where it has one.
    pub fn role(self) -> Option<Role> {
        match self {
            Self::Robust => Some(Role::Robust),
            Self::Standard => Some(Role::Standard),
            Self::Third => None,
        }
    }

    /// What people call the network here, unless it goes by its own name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Robust => "Robust network",
            Self::Standard => "Standard network",
            Self::Third => "Third network",
        }
    }

    /// Its short name, for tests and files.
    pub fn key(self) -> &'static str {
        match self {
            Self::Robust => "robust",
            Self::Standard => "standard",
            Self::Third => "third",
        }
    }
}
