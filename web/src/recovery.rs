//! What to do when the graphics device is lost: a driver's reset, a sleep, no memory left.

/// A device that is lost again within so many seconds is given up.
const SOON: f64 = 60.0;

/// What computes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// A new device of the same kind.
    NewDevice,
    /// The processor.
    Processor,
}

/// The losses of a visit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Losses {
    /// When the last one was, in seconds.
    last: Option<f64>,
}

impl Losses {
    /// Notes a loss at `now`, in seconds since any moment that stays. `worked`: whether the device had
    /// computed anything, without which another of its kind is not worth a try.
    pub fn lose(&mut self, now: f64, worked: bool) -> Remedy {
        let soon = self.last.is_some_and(|last| now - last < SOON);
        self.last = Some(now);
        if worked && !soon { Remedy::NewDevice } else { Remedy::Processor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_given_up_once_it_is_lost_twice_within_a_minute() {
        let mut losses = Losses::default();
        assert_eq!(losses.lose(100.0, true), Remedy::NewDevice);
        assert_eq!(losses.lose(159.0, true), Remedy::Processor);
        // By then the visitor has asked for it again.
        assert_eq!(losses.lose(200.0, true), Remedy::Processor);
        assert_eq!(losses.lose(260.0, true), Remedy::NewDevice);
        assert_eq!(losses.lose(5000.0, true), Remedy::NewDevice);
    }

    #[test]
    fn a_device_that_never_worked_is_given_up_at_once() {
        assert_eq!(Losses::default().lose(0.0, false), Remedy::Processor);
    }
}
