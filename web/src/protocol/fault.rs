//! What goes wrong, for people and for what has to be done about it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why something cannot be done: the error of the page and of its engines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What went wrong, for people.
    pub message: String,
    /// What is at fault, where that asks for more than a message.
    pub cause: Option<Cause>,
}

/// What is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// A photo that cannot be read, by its number in the tray.
    Photo(usize),
    /// The device, which is of no use any more.
    Device(Loss),
}

/// What became of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Loss {
    /// It is gone, or what ran on it has crashed.
    Gone,
    /// It had no memory left for what it was asked for.
    NoMemory,
    /// It computes something else than it is asked for.
    WrongNumbers,
}

impl Fault {
    /// A photo of the tray that cannot be read.
    pub fn of_photo(id: usize, why: impl ToString) -> Self {
        Self { message: why.to_string(), cause: Some(Cause::Photo(id)) }
    }

    /// A device that is of no use any more.
    pub fn of_device(loss: Loss) -> Self {
        let message = match loss {
            Loss::Gone => "the graphics device gave up",
            Loss::NoMemory => "the graphics device has no memory left",
            Loss::WrongNumbers => "this graphics device computes wrong numbers",
        };
        Self { message: message.into(), cause: Some(Cause::Device(loss)) }
    }

    /// What became of the device, where that is why.
    pub fn loss(&self) -> Option<Loss> {
        match self.cause {
            Some(Cause::Device(loss)) => Some(loss),
            Some(Cause::Photo(_)) | None => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<String> for Fault {
    fn from(message: String) -> Self {
        Self { message, cause: None }
    }
}

impl From<&str> for Fault {
    fn from(message: &str) -> Self {
        Self::from(message.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_the_device_stands_beside_the_message() {
        let fault = Fault::of_device(Loss::NoMemory);
        assert_eq!(fault.loss(), Some(Loss::NoMemory));
        assert_eq!(fault.to_string(), "the graphics device has no memory left");
        // A photo's fault costs no device, whatever its message says.
        let photo = Fault::of_photo(7, "the graphics device gave up");
        assert_eq!((photo.loss(), photo.cause), (None, Some(Cause::Photo(7))));
        assert_eq!(Fault::from("anything else").loss(), None);
    }
}
