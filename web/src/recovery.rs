//! What to do when the graphics device is of no use any more: after a driver's reset, a sleep, without
//! memory, or where it computes wrong numbers.

use crate::protocol::Loss;

/// A device that is lost again within so many seconds is given up.
const SOON: f64 = 60.0;

/// Most images that are computed together on a device without memory for more. Starting again takes
/// seconds: two tries, and no more.
const FEW: usize = 2;

/// What was running on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Whether it had computed anything, without which another of its kind is not worth a try.
    pub worked: bool,
    /// Whether images were computed together, which could be fewer at a time.
    pub batched: bool,
}

/// What computes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// A new device of the same kind.
    NewDevice,
    /// The same, with fewer images at a time.
    SmallerBatches,
    /// The processor.
    Processor,
}

/// The losses of a visit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Losses {
    /// When the last one was, in seconds.
    last: Option<f64>,
    /// Most images that are computed together; as many as a task likes at first.
    batch: usize,
}

impl Losses {
    /// None so far.
    pub const fn none() -> Self {
        Self { last: None, batch: usize::MAX }
    }

    /// Most images that are computed together.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Notes a loss at `now`, in seconds since any moment that stays.
    pub fn lose(&mut self, now: f64, loss: Loss, work: Work) -> Remedy {
        match loss {
            Loss::NoMemory if work.worked && work.batched && self.batch > 1 => {
                self.batch = if self.batch > FEW { FEW } else { 1 };
                Remedy::SmallerBatches
            }
            Loss::NoMemory | Loss::WrongNumbers => Remedy::Processor,
            Loss::Gone => {
                let soon = self.last.is_some_and(|last| now - last < SOON);
                self.last = Some(now);
                if work.worked && !soon { Remedy::NewDevice } else { Remedy::Processor }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINGLE: Work = Work { worked: true, batched: false };
    const BATCHED: Work = Work { worked: true, batched: true };

    #[test]
    fn a_device_is_given_up_once_it_is_lost_twice_within_a_minute() {
        let mut losses = Losses::none();
        let mut lose = |now| losses.lose(now, Loss::Gone, SINGLE);
        assert_eq!(lose(100.0), Remedy::NewDevice);
        assert_eq!(lose(159.0), Remedy::Processor);
        // By then the visitor has asked for it again.
        assert_eq!(lose(200.0), Remedy::Processor);
        assert_eq!(lose(260.0), Remedy::NewDevice);
        assert_eq!(lose(5000.0), Remedy::NewDevice);
    }

    #[test]
    fn a_device_that_never_worked_is_given_up_at_once() {
        for loss in [Loss::Gone, Loss::NoMemory] {
            let mut losses = Losses::none();
            let work = Work { worked: false, batched: true };
            assert_eq!(losses.lose(0.0, loss, work), Remedy::Processor);
        }
    }

    #[test]
    fn without_memory_batches_shrink_to_one_image_before_the_device_is_given_up() {
        let mut losses = Losses::none();
        let mut batches = Vec::new();
        while losses.lose(1.0, Loss::NoMemory, BATCHED) == Remedy::SmallerBatches {
            batches.push(losses.batch());
        }
        assert_eq!(batches, [2, 1]);
        assert_eq!(Losses::none().lose(1.0, Loss::NoMemory, SINGLE), Remedy::Processor);
    }

    #[test]
    fn a_device_that_computes_wrong_numbers_gets_no_second_try() {
        assert_eq!(Losses::none().lose(1.0, Loss::WrongNumbers, BATCHED), Remedy::Processor);
    }
}
