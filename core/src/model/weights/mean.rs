//! The mean of several networks.

use super::{Weights, WeightsError};

impl Weights {
    /// The mean of the weights of this network and of `others`, number by number, under this one's
    /// card. Networks that were trained on from the same weights are often near enough for their
    /// mean to be better than each (Wortsman et al. 2022, model soups).
    ///
    /// # Errors
    ///
    /// [`WeightsError::Unlike`] where a network has another architecture, other classes or another
    /// normaliser.
    pub fn mean(&self, others: &[Self]) -> Result<Self, WeightsError> {
        let card = &self.card;
        for other in others.iter().map(|other| &other.card) {
            let what = if other.architecture != card.architecture {
                "architecture"
            } else if other.classes != card.classes {
                "list of classes"
            } else if (other.mean, other.std) != (card.mean, card.std) {
                "normaliser"
            } else {
                continue;
            };
            return Err(WeightsError::Unlike { name: other.name.clone(), what });
        }
        let mut tensors = self.tensors.clone();
        let count = (others.len() + 1) as f32;
        for (name, array) in &mut tensors {
            for (i, value) in array.values.iter_mut().enumerate() {
                let sum = others.iter().map(|other| other.values(name)[i]).sum::<f32>();
                *value = (*value + sum) / count;
            }
        }
        Self::new(card.clone(), tensors)
    }
}
